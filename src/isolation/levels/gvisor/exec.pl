# Runs `runsc exec` so that killing one process of the host ends what runs inside: runsc ends by itself when it is
# killed, and leaves that running.
#
#   perl exec.pl PIDFILE INSIDEFILE STATE ID RUNSC exec ...
#
# PIDFILE gets the process to be killed; runsc writes the process id that the application's kernel knows to INSIDEFILE.
use strict;
use warnings;

my ($pid_file, $inside_file, $state, $id, @runsc) = @ARGV;
die "exec.pl: a command is needed\n" unless @runsc;

my $target = fork() // die "exec.pl: fork: $!\n";
if ($target == 0) {
    $SIG{$_} = 'IGNORE' for qw(INT QUIT HUP TERM TSTP);    # of a terminal: meant for the command
    my $parent = getppid();
    sleep 1 while getppid() == $parent;
    exit 0;
}
my $runsc = fork() // die "exec.pl: fork: $!\n";
if ($runsc == 0) { exec { $runsc[0] } @runsc or die "exec.pl: $runsc[0]: $!\n" }
$SIG{$_} = 'IGNORE' for qw(INT QUIT HUP TERM TSTP);

open(my $out, '>', "$pid_file.new") or die "exec.pl: $pid_file: $!\n";
print $out $target;
close $out or die "exec.pl: $pid_file: $!\n";
rename "$pid_file.new", $pid_file or die "exec.pl: $pid_file: $!\n";

my $ended = wait;
if ($ended == $target) {
    $ended = waitpid($runsc, 1);    # WNOHANG
    until ($ended == $runsc || inside()) {
        select undef, undef, undef, 0.02;
        $ended = waitpid($runsc, 1);
    }
    if ($ended != $runsc) {
        system('runsc', '--root', $state, 'kill', '--pid', inside(), $id, 'KILL');
        waitpid $runsc, 0;
    }
    exit 137;
}
my $status = $?;
kill 'KILL', $target;
waitpid $target, 0;
exit($status & 127 ? 128 + ($status & 127) : $status >> 8);

sub inside {
    open(my $in, '<', $inside_file) or return 0;
    my $number = <$in> // '';
    return $number =~ /^(\d+)/ ? $1 : 0;
}
