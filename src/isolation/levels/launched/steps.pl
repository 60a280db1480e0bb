# What a process goes through on its way behind its walls, step by step, in the words of steps.ts. Each step is a sub
# below with its name; one that fails ends the start. Paths of mounts are those that the program will see.
package Steps;
use strict;
use warnings;
use Fcntl qw(O_RDONLY O_WRONLY O_DIRECTORY O_CREAT O_EXCL O_NOFOLLOW);
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
my %mount_flags = (ro => 1, nosuid => 2, nodev => 4, noexec => 8);
my ($remount, $bind, $recursive, $unbindable, $slave) = (0x20, 0x1000, 0x4000, 0x20000, 0x80000);
my ($o_path, $in_root) = (0x200000, 0x10);

# Where the paths of mounts begin: the root to be.
my $root;

sub perform {
    my @words = @_;
    for my $part (qw(terminal landlock)) {    # while files can still be opened
        require "$here/$part.pl" if grep { $_ eq $part } @words;
    }
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

# root PATH: the paths of all mounts that follow begin there.
sub step_root { $root = handle_of($_[0]) }

# A file or directory below the root, whose links lead nowhere else; undefined when there is none and that may be.
sub at {
    my ($path, $may_be_missing) = @_;
    my $how = pack('Q3', $o_path | 02000000, 0, $in_root);
    my $number = eval { call($path, 'openat2', fileno $root, my $copy = $path, $how, length $how) };
    if (!defined $number) { return undef if $may_be_missing; die $@ }
    open(my $handle, '<&=', $number) or die "launcher: $path: $!\n";
    return $handle;
}

sub path_of { '/proc/self/fd/' . fileno $_[0] }

sub mount_flags {
    my $flags = 0;
    $flags |= $mount_flags{$_} // die "launcher: there is no mount option $_\n" for grep { $_ ne '-' } split /,/, $_[0];
    return $flags;
}

# mount TYPE TARGET FLAGS DATA: a new file system.
sub step_mount {
    my ($type, $target, $flags, $data) = @_;
    my ($point, $source) = (at($target), $type);
    call("$type on $target", 'mount', $source, path_of($point), $type, mount_flags($flags), $data);
}

# bind SOURCE TARGET FLAGS: what the host has there, with these flags on top of those that it has.
sub step_bind {
    my ($source, $target, $flags) = @_;
    my $point = at($target);
    call("$source on $target", 'mount', $source, path_of($point), 0, $bind, 0);
    return if $flags eq '-';
    my $mounted = at($target);
    call("$source on $target", 'mount', 0, path_of($mounted), 0, $remount | $bind | mount_flags($flags), 0);
}

# cover SOURCE TARGET: the same over a file, where there is one.
sub step_cover {
    my ($source, $target) = @_;
    my $point = at($target, 1) or return;
    call("$source on $target", 'mount', $source, path_of($point), 0, $bind, 0);
}

# directory, file PATH and link PATH TEXT: in a file system that was mounted by a step before.
sub step_directory { mkdir inside($_[0]), 0755 or die "launcher: $_[0]: $!\n" }
sub step_file { touch(inside($_[0])) }

sub step_link {
    my ($path, $text) = @_;
    symlink($text, inside($path)) or die "launcher: $path: $!\n";
}

my @parents;

sub inside {
    my ($parent, $name) = $_[0] =~ m{^(.*)/([^/]+)$};
    push @parents, at($parent || '/');
    return path_of($parents[-1]) . "/$name";
}

sub touch {
    my ($path) = @_;
    sysopen(my $file, $path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0644) or die "launcher: $path: $!\n";
}

# host PATH: makes that directory look like the host's root, as the root of all mounts that follow; things that the host
# does not have can then be put beside what it has.
sub step_host {
    my ($path) = @_;
    compose(handle_of('/'), $path);
    step_root($path);
}

# place PATH: makes a mount point of that name, whatever the host has there.
sub step_place {
    my ($path) = @_;
    my @parts = grep { $_ ne '' } split m{/}, $path;
    my $made = '';
    for my $part (@parts) {
        if (!at("$made/$part", 1)) {
            my $parent = at($made || '/');
            my $where = readlink path_of($parent);
            compose($parent, $where) unless is_composed($where);
            mkdir "$where/$part", 0755 or die "launcher: $path: $!\n";
        }
        $made .= "/$part";
    }
}

# bring TREE NAME: the thing of that name from the root of an image.
sub step_bring {
    my ($tree, $name) = @_;
    my $path = "$tree/$name";
    if (-l $path) {
        step_link("/$name", readlink $path) unless at("/$name", 1);
    } elsif (-d _) {
        step_place("/$name");
        step_bind($path, "/$name", '-');
    } elsif (-e _) {
        step_file("/$name") unless at("/$name", 1);
        step_bind($path, "/$name", '-');
    }
}

my %composed;

sub is_composed {
    my ($path) = @_;
    my $device = (stat $path)[0];
    return grep { $_ == $device } values %composed;
}

# Mounts memory over a directory, and in it all that the directory has.
sub compose {
    my ($from, $onto) = @_;
    my $entries = path_of($from);
    my $mode = sprintf '%o', (stat $entries)[2] & 07777;
    call($onto, 'mount', my $name = 'berth', $onto, my $type = 'tmpfs', mount_flags('nosuid,nodev'), "mode=$mode,size=1m");
    call($onto, 'mount', 0, $onto, 0, $unbindable, 0);    # else it would be found inside of itself
    $composed{$onto} = (stat $onto)[0];
    opendir(my $list, $entries) or die "launcher: $onto: $!\n";
    for my $entry (grep { !/^\.\.?$/ } readdir $list) {
        my ($source, $target) = ("$entries/$entry", "$onto/$entry");
        my $link = readlink $source;
        if (defined $link) { symlink $link, $target; next }
        if (-d $source) { mkdir $target } elsif (-e _) { touch($target) } else { next }
        call($target, 'mount', $source, $target, 0, $bind | $recursive, 0);
    }
}

# chroot: the root to be becomes the root.
sub step_chroot { return_to($root) }

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
