# What Perl has no words for: system calls of Linux on x86-64.
use strict;
use warnings;

my %number = (
    mount => 165, umount2 => 166, finit_module => 313, unshare => 272, setns => 308, prctl => 157, setgroups => 116,
    setresuid => 117, setresgid => 119, prlimit64 => 302, sync => 162, sethostname => 170, setsid => 112,
    rt_sigprocmask => 14, signalfd4 => 289, mknod => 133, reboot => 169, exit_group => 231,
);
our %mount_flag = (ro => 1, nosuid => 2, nodev => 4, noexec => 8, remount => 32, bind => 4096, move => 8192, rec => 16384);
our %namespace = (mnt => 0x20000, cgroup => 0x02000000, uts => 0x04000000, ipc => 0x08000000, pid => 0x20000000);

sub call {
    my ($name, @arguments) = @_;
    my $result = syscall($number{$name}, @arguments);
    die "$name: $!\n" if $result == -1;
    return $result;
}

# mount_at('tmpfs', 'tmpfs', '/new/tmp', 'nosuid,nodev', 'size=1m')
sub mount_at {
    my ($type, $source, $target, $flags, $data) = @_;
    my $bits = 0;
    $bits |= $mount_flag{$_} for split /,/, $flags;
    $data //= '';
    syscall($number{mount}, "$source", "$target", "$type", $bits, "$data") == 0 or die "mount of $target: $!\n";
}

sub unmount { my ($target) = @_; return syscall($number{umount2}, "$target", 0) == 0 }

sub load_module {
    my ($path) = @_;
    open(my $module, '<', $path) or die "$path: $!\n";
    my $options = '';
    # One that is there already (EEXIST), and one for a device that this machine does not have, are no trouble.
    syscall($number{finit_module}, fileno($module), $options, 0) == 0 or $! == 17 or $! == 19 or die "$path: $!\n";
}

sub write_file {
    my ($path, $text) = @_;
    open(my $out, '>', $path) or die "$path: $!\n";
    defined(syswrite($out, $text)) or die "$path: $!\n";
}

sub read_file {
    my ($path) = @_;
    open(my $in, '<', $path) or die "$path: $!\n";
    local $/;
    return scalar(<$in>) // '';
}

# Whether there is such a device in this network.
sub has_interface {
    my ($name) = @_;
    open(my $devices, '<', '/proc/net/dev') or die "/proc/net/dev: $!\n";
    return scalar grep { /^\s*\Q$name\E:/ } <$devices>;
}

# Gives up what root can do, for good: no capability comes back by a program or by a user namespace.
sub become {
    my ($user, $group, @groups) = @_;
    for my $capability (0 .. 63) { syscall($number{prctl}, 24, $capability, 0, 0, 0) == 0 or last }    # PR_CAPBSET_DROP
    my $packed = pack('L*', @groups);
    call('setgroups', scalar(@groups), $packed);
    call('setresgid', $group, $group, $group);
    call('setresuid', $user, $user, $user);
    call('prctl', 38, 1, 0, 0, 0);    # PR_SET_NO_NEW_PRIVS
}

sub limit_resource {
    my ($resource, $limit) = @_;
    my $both = pack('QQ', $limit, $limit);
    call('prlimit64', 0, $resource, $both, 0);
}

# Ends at once, without what Perl does at an end, which belongs to the process that this one is a copy of.
sub leave { my ($code) = @_; call('exit_group', $code) }

1;
