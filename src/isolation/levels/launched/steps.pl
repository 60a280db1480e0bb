# What a process goes through on its way behind its walls, step by step, in the words of steps.ts. Each step is a sub
# with its name, here or in mounts.pl; one that fails ends the start.
package Steps;
use strict;
use warnings;
use Fcntl qw(O_RDONLY);
use POSIX qw(uname);
use Socket qw(AF_INET SOCK_DGRAM);

my ($here) = __FILE__ =~ m{^(.*)/};

my %calls = (
    x86_64 => {
        mount => 165, umount => 166, unshare => 272, setns => 308, prctl => 157, capset => 126, prlimit => 302,
        setgroups => 116, setresuid => 117, setresgid => 119, keyctl => 250,
    },
    aarch64 => {
        mount => 40, umount => 39, unshare => 97, setns => 268, prctl => 167, capset => 91, prlimit => 261,
        setgroups => 159, setresuid => 147, setresgid => 149, keyctl => 219,
    },
);
my %same = (openat2 => 437, ruleset => 444, rule => 445, restrict => 446);    # everywhere
my %namespaces = (mount => 0x00020000, uts => 0x04000000, ipc => 0x08000000, net => 0x40000000);
my %files = (mount => 'mnt', uts => 'uts', ipc => 'ipc', net => 'net');
my ($recursive, $slave) = (0x4000, 0x80000);
my $o_path = 0x200000;
# The files of steps that not every sandbox takes, by the first of them.
my %parts = (root => 'mounts', host => 'mounts', terminal => 'terminal', landlock => 'landlock');

sub perform {
    my @words = @_;
    require "$here/$parts{$_}.pl" for grep { exists $parts{$_} } @words;    # while files can still be opened
    while (@words) {
        my $count = shift @words;
        my ($name, @rest) = splice @words, 0, $count;
        my $step = Steps->can("step_$name") or die "launcher: there is no step $name\n";
        $step->(@rest);
    }
}

sub call {
    my ($what, $name, @arguments) = @_;
    my $number = $same{$name} // ($calls{ (uname())[4] } // die "launcher: not made for this machine\n")->{$name};
    my $result = syscall($number, @arguments);
    die "launcher: $what: $!\n" if $result < 0;
    return $result;
}

# Namespaces of its own.
sub isolate {
    my $wanted = 0;
    $wanted |= $namespaces{$_} // die "launcher: there is no namespace $_\n" for @_;
    return unless $wanted;
    call('namespaces', 'unshare', $wanted);
    own_mounts() if $wanted & $namespaces{mount};
    loopback_up() if $wanted & $namespaces{net};
}

# What is mounted here stays here, while what the host unmounts goes here too. In a chroot `/` is no mount: so by way of
# the namespace's root and back.
sub own_mounts {
    my $back = handle_of('/');
    enter_namespace('/proc/self/ns/mnt', $namespaces{mount});
    call('mount', 'mount', 0, my $slash = '/', 0, $recursive | $slave, 0);
    return_to($back);
}

sub loopback_up {
    socket(my $socket, AF_INET, SOCK_DGRAM, 0) or die "launcher: socket: $!\n";
    my $request = pack('a16 s x22', 'lo', 0x1);    # netdevice(7): SIOCSIFFLAGS, IFF_UP
    ioctl($socket, 0x8914, $request) or die "launcher: loopback: $!\n";
}

sub enter_namespace {
    my ($path, $kind) = @_;
    sysopen(my $namespace, $path, O_RDONLY) or die "launcher: $path: $!\n";
    call($path, 'setns', fileno $namespace, $kind);
}

sub handle_of {
    my ($path) = @_;
    sysopen(my $handle, $path, $o_path) or die "launcher: $path: $!\n";
    return $handle;
}

sub return_to {
    my ($directory) = @_;
    chdir $directory or die "launcher: chdir: $!\n";
    chroot '.' or die "launcher: chroot: $!\n";
    chdir '/';
}

# join PID NAMESPACE...: into the namespaces and the root of a process.
sub step_join {
    my ($pid, @names) = @_;
    my $its = handle_of("/proc/$pid/root");
    my @opened = map { [handle_to_join($pid, $_), $namespaces{$_}] } @names;
    call('setns', 'setns', fileno $_->[0], $_->[1]) for @opened;
    return_to($its);
}

sub handle_to_join {
    my ($pid, $name) = @_;
    sysopen(my $handle, "/proc/$pid/ns/$files{$name}", O_RDONLY) or die "launcher: process $pid: $!\n";
    return $handle;
}

# within PID PIDFILE GROUP...: into a sandbox that another program has made; then `filtered`: behind its filters.
sub step_within {
    require "$here/within.pl";
    Within::enter(\&call, @_);
}
sub step_filtered { Within::filter(\&call) }

# write PATH TEXT: a setting of the kernel's.
sub step_write {
    my ($path, $text) = @_;
    open(my $file, '>', $path) or die "launcher: $path: $!\n";
    syswrite($file, $text) // die "launcher: $path: $!\n";
}

# enter DIRECTORY: where the program starts.
sub step_enter { chdir $_[0] or die "launcher: $_[0], where it should start: $!\n" }

# limit NUMBER VALUE: a resource limit (getrlimit(2)).
sub step_limit {
    my ($number, $value) = @_;
    my $limit = pack('Q2', $value, $value);
    call("resource limit $number", 'prlimit', 0, $number + 0, $limit, 0);
}

# bounded: no capability can be had again.
sub step_bounded {
    for my $capability (0 .. 63) {
        eval { call('capabilities', 'prctl', 24, $capability, 0, 0, 0); 1 } or last;    # PR_CAPBSET_DROP
    }
}

# user ID: that user and group, and no other group; no capability, and none of root's keys.
sub step_user {
    my ($id) = map { $_ + 0 } @_;
    umask 022;
    eval { call('keys', 'keyctl', 1, 0) };    # KEYCTL_JOIN_SESSION_KEYRING; not every kernel has keys
    call('groups', 'setgroups', 0, 0);
    call('group', 'setresgid', $id, $id, $id);
    call('user', 'setresuid', $id, $id, $id);
    my ($header, $none) = (pack('L l', 0x20080522, 0), pack('L6', (0) x 6));
    call('capabilities', 'capset', $header, $none);
}

# unprivileged: nor does any program give it privileges.
sub step_unprivileged { call('no_new_privs', 'prctl', 38, 1, 0, 0, 0) }

# landlock RIGHTS PATH...: nothing else of the files that can be seen.
sub step_landlock { Landlock::confine(\&call, @_) }

# terminal COLUMNS ROWS USER: the program gets one of its own, which this process relays to its standard input and output.
sub step_terminal { Terminal::relay(@_) }

1;
