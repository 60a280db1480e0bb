# Starts lxc-start and ends as its container did: LXC itself ends with 0 however that was, and tells only its log.
#
#   perl lxc.pl LOG LXC-START ARGUMENT...
use strict;
use warnings;

my ($log, @command) = @ARGV;
my $pid = fork() // die "lxc: fork: $!\n";
if ($pid == 0) {
    exec { $command[0] } @command or do { print STDERR "lxc: $command[0]: $!\n"; exit 127 };
}
waitpid $pid, 0;
my $status = $?;
exit(end_of_container() // ($status & 127 ? 128 + ($status & 127) : $status >> 8));

# Undefined for one that was never made, and for one that ended well.
sub end_of_container {
    open(my $lines, '<', $log) or return undef;
    my $end;
    while (<$lines>) {
        $end = $1 if /Child <\d+> ended on error \((\d+)\)$/;
        $end = 128 + $1 if /Child <\d+> ended on signal .*\((\d+)\)$/;
    }
    return $end;
}
