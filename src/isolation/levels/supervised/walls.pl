# The last walls of a sandbox whose process 1 waits at its gate, for programs that do not build them themselves.
#
#   perl walls.pl PID TERMINALS SHARED PATH... -- SETTING=VALUE...
#
# PID is its process 1, as the host sees it. Each PATH that there is inside gets covered: a directory by an empty one, a
# file by /dev/null. Each SETTING, a path below /proc/sys, is of the user namespace. TERMINALS is how many it may have;
# SHARED, unless it is empty, is what its memory on /dev/shm is mounted with.
use strict;
use warnings;
use Fcntl qw(O_RDONLY);
use POSIX qw(uname);

my %calls = (x86_64 => { mount => 165, setns => 308 }, aarch64 => { mount => 40, setns => 268 });
my $call = $calls{ (uname())[4] } // die "walls: not made for this machine\n";
my ($read_only, $nosuid, $nodev, $noexec, $remount, $bind) = (1, 2, 4, 8, 0x20, 0x1000);

my ($pid, $terminals, $shared, @paths) = @ARGV;
my @settings;
unshift @settings, pop @paths while @paths && $paths[-1] ne '--';
pop @paths;

# In processes of their own: from the sandbox's root nothing leads to the host's settings, and the limits on namespaces
# keep mounts from being moved.
apart(\&mounts);
apart(\&memory_programs);
apart(\&limits) if @settings;

sub apart {
    my ($work) = @_;
    my $child = fork() // die "walls: fork: $!\n";
    if ($child == 0) {
        $work->();
        exit 0;
    }
    waitpid $child, 0;
    exit 1 if $?;
}

sub mounts {
    sysopen(my $root, "/proc/$pid/root", O_RDONLY) or die "walls: process $pid: $!\n";
    enter("/proc/$pid/ns/mnt");
    chdir $root && chroot '.' or die "walls: the root of process $pid: $!\n";
    cover($_) for @paths;
    hide_hardware() if -e '/sys/kernel';
    bound_terminals();
    mount('/dev/shm', 'tmpfs', 'tmpfs', $nosuid | $nodev | $noexec, $shared) if $shared ne '';
}

sub limits {
    enter("/proc/$pid/ns/user");
    for (@settings) {
        my ($name, $value) = split /=/, $_, 2;
        open(my $file, '>', "/proc/sys/$name") or die "walls: $name: $!\n";
        syswrite($file, $value) // die "walls: $name: $!\n";
    }
}

# Files in memory (memfd_create(2)) cannot be executed. Linux has it since 6.3; the setting is of the process namespace of
# whoever writes it, and belongs to the host's root.
sub memory_programs {
    open(my $setting, '>', '/proc/sys/vm/memfd_noexec') or return;
    enter("/proc/$pid/ns/pid");
    apart(sub { syswrite($setting, '2') // die "walls: programs in memory: $!\n" });
}

sub enter {
    my ($path) = @_;
    sysopen(my $namespace, $path, O_RDONLY) or die "walls: $path: $!\n";
    syscall($call->{setns}, fileno $namespace, 0) == 0 or die "walls: $path: $!\n";
}

sub cover {
    my ($path) = @_;
    if (-d $path) { mount($path, 'tmpfs', 'tmpfs', $read_only | $nosuid | $nodev | $noexec, 'size=4k,nr_inodes=2,mode=555') }
    elsif (-e _) { mount($path, '/dev/null', '', $bind, '') }
}

# Of sysfs, leaves the control groups alone, where programs look for their limits. Not through /proc/self, for this is no
# process of that /proc: so by open_tree(2) and move_mount(2), which have the same numbers everywhere.
sub hide_hardware {
    my ($here, $clone, $recursive, $empty_path) = (-100, 1 | 0x80000, 0x8000, 4);
    my ($groups, $nothing) = ('/sys/fs/cgroup', '');
    my $kept = syscall(428, $here, $groups, $clone | $recursive);
    die "walls: $groups: $!\n" if $kept < 0;
    mount('/sys', 'tmpfs', 'tmpfs', $nosuid | $nodev | $noexec, 'size=64k,nr_inodes=64,mode=755');
    mkdir $_, 0755 or die "walls: $_: $!\n" for '/sys/fs', $groups;
    syscall(429, $kept, $nothing, $here, $groups, $empty_path) == 0 or die "walls: $groups: $!\n";
    mount('/sys', '', '', $remount | $bind | $read_only | $nosuid | $nodev | $noexec, '');
}

# The rest of what that file system was mounted with has to be said again.
sub bound_terminals {
    mount('/dev/pts', 'devpts', 'devpts', $remount | $nosuid | $noexec, "mode=620,ptmxmode=666,max=$terminals");
}

sub mount {
    my ($path, $source, $type, $flags, $data) = @_;
    syscall($call->{mount}, $source, $path, $type, $flags, $data) == 0 or die "walls: $path: $!\n";
}
