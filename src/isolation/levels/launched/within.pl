# Into a sandbox that another program has made: behind the very walls that one of its processes has.
package Within;
use strict;
use warnings;
use Fcntl qw(O_RDONLY O_WRONLY);

my %ptrace = (x86_64 => 101, aarch64 => 117);
my ($seize, $interrupt, $detach, $get_filter, $all_threads) = (0x4206, 0x4207, 17, 0x420c, 0x40000000);
# The user namespace last: in it, nothing may be done to those that it does not own.
my @namespaces = qw(cgroup ipc uts net mnt user);

# Its filters, oldest first, as the kernel reads them.
my @filters;

# PID PIDFILE GROUP...: the process that goes on is in all namespaces of PID, also in that of process ids, and in these
# control groups. The one that called stays outside, can be killed by PIDFILE, and ends as the other one does.
sub enter {
    my ($call, $pid, $pid_file, @groups) = @_;
    $pid += 0;    # a text would be passed to the kernel by its address
    @filters = filters_of($pid);
    my @opened = map { handle("/proc/$pid/ns/$_") } grep { is_other($pid, $_) } @namespaces;
    my $processes = handle("/proc/$pid/ns/pid");
    my $root = handle("/proc/$pid/root");
    my @procs = map { writable("$_/cgroup.procs") } @groups;
    my $noted = writable_new($pid_file);
    syswrite $noted, $$;
    close $noted;
    $call->('process ids', 'setns', fileno $processes, 0);
    my $child = fork() // die "launcher: fork: $!\n";
    if ($child) {
        waitpid $child, 0;
        exit($? & 127 ? 128 + ($? & 127) : $? >> 8);
    }
    syswrite($_, '0') // die "launcher: control group: $!\n" for @procs;    # whatever its number is there
    $call->('namespaces', 'setns', fileno $_, 0) for @opened;
    become_root($call);
    chdir $root or die "launcher: chdir: $!\n";
    chroot '.' or die "launcher: chroot: $!\n";
}

# Root on the host is nobody in that user namespace, and may give nothing to anybody there.
sub become_root {
    my ($call) = @_;
    $call->('groups', 'setgroups', 0, 0);
    $call->('group', 'setresgid', 0, 0, 0);
    $call->('user', 'setresuid', 0, 0, 0);
}

# The same filters once more, for this process: the last step, for they allow no other.
sub filter {
    my ($call) = @_;
    for my $filter (@filters) {
        my $program = pack('S x6 P', length($filter) / 8, $filter);
        $call->('filter', 'prctl', 22, 2, $program, 0, 0);    # PR_SET_SECCOMP, SECCOMP_MODE_FILTER
    }
}

# ptrace(2), PTRACE_SECCOMP_GET_FILTER: of a process that is stopped for that moment.
sub filters_of {
    my ($pid) = @_;
    my $number = $ptrace{ (POSIX::uname())[4] } // die "launcher: not made for this machine\n";
    syscall($number, $seize, $pid, 0, 0) == 0 or die "launcher: ptrace: $!\n";
    syscall($number, $interrupt, $pid, 0, 0) == 0 or die "launcher: ptrace: $!\n";
    waitpid $pid, $all_threads;
    my @found;
    while ((my $length = syscall($number, $get_filter, $pid, scalar @found, 0)) > 0) {
        my $filter = "\0" x (8 * $length);
        syscall($number, $get_filter, $pid, scalar @found, $filter) == $length or die "launcher: filter: $!\n";
        push @found, $filter;
    }
    my $is_end = $!{ENOENT} || $!{EINVAL} && !@found;    # EINVAL: it has none
    my $why = "$!";
    syscall($number, $detach, $pid, 0, 0);
    die "launcher: filters: $why\n" unless $is_end;
    return @found;
}

sub is_other { (readlink("/proc/$_[0]/ns/$_[1]") // '') ne readlink("/proc/self/ns/$_[1]") }

sub handle {
    sysopen(my $handle, $_[0], O_RDONLY) or die "launcher: $_[0]: $!\n";
    return $handle;
}

sub writable {
    sysopen(my $handle, $_[0], O_WRONLY) or die "launcher: $_[0]: $!\n";
    return $handle;
}

sub writable_new {
    open(my $handle, '>', $_[0]) or die "launcher: $_[0]: $!\n";
    return $handle;
}

1;
