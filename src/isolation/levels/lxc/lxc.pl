# Starts lxc-start and ends as its container did: LXC itself ends with 0 however that was, and tells only its log.
#
#   perl lxc.pl LOG LXC-START ARGUMENT...
use strict;
use warnings;
use POSIX qw(uname);

my ($log, @command) = @ARGV;
my $pid = fork() // die "lxc: fork: $!\n";
if ($pid == 0) {
    shut_other_entries();
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

# A filter beside LXC's own, which allows the same names by every entry that the kernel has, whatever section they are
# in: of those calls, only the machine's own pass (seccomp(2)); the 32-bit entry and x32 have other numbers and would go
# round the rules about arguments.
sub shut_other_entries {
    my %machine = (x86_64 => [0xc000003e, 157], aarch64 => [0xc00000b7, 167]);    # linux/audit.h; prctl
    my ($architecture, $prctl) = @{ $machine{ (uname())[4] } // die "lxc: not made for this machine\n" };
    my ($load, $equal, $at_least, $return) = (0x20, 0x15, 0x35, 0x06);
    my ($allowed, $no_call) = (0x7fff0000, 0x00050026);                           # SECCOMP_RET_ALLOW; RET_ERRNO, ENOSYS
    my @steps = (
        [$load,     0, 0, 4],                                                     # the architecture
        [$equal,    0, 3, $architecture],
        [$load,     0, 0, 0],                                                     # the number of the call
        [$at_least, 1, 0, 0x40000000],                                            # x32
        [$return,   0, 0, $allowed],
        [$return,   0, 0, $no_call],
    );
    my $filter = join '', map { pack('S C C L', @$_) } @steps;
    my $program = pack('S x6 P', scalar @steps, $filter);
    syscall($prctl, 22, 2, $program, 0, 0) == 0 or die "lxc: filter: $!\n";       # PR_SET_SECCOMP, SECCOMP_MODE_FILTER
}
