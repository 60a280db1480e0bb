# The application's root, control group and network.
use strict;
use warnings;

my $tree = '/tree';

# Makes all that does not depend on the application's own namespaces.
sub make_surroundings {
    my ($walls) = @_;
    stack_layers();
    fill_tree($walls->{tmp}[0]);
    mount_volumes($walls->{volume} // []);
    limit_group($walls);
    show_limits($walls->{memory}[0]);
    limit_kernel();
    my ($name) = @{ $walls->{hostname} };
    call('sethostname', "$name", length $name);
    connect_network(map { $walls->{$_}[0] } qw(address gateway route));
}

# The image and, over it, this sandbox's own files; both read-only.
sub stack_layers {
    mkdir $_ for qw(/image /scaffold), $tree;
    mount_image('/dev/vda', '/image');
    mount_image('/dev/vdb', '/scaffold');
    mount_at('overlay', 'overlay', $tree, 'ro,nosuid,nodev', 'lowerdir=/scaffold:/image');
}

sub mount_image {
    my ($device, $target) = @_;
    for my $type (qw(erofs squashfs)) {
        return if eval { mount_at($type, $device, $target, 'ro,nosuid,nodev'); 1 };
    }
    die "$device is no image\n";
}

sub fill_tree {
    my ($bytes) = @_;
    memory('/dev', 'nosuid,noexec', 'size=64k,nr_inodes=64,mode=755');
    my %device = (null => [1, 3], zero => [1, 5], full => [1, 7], random => [1, 8], urandom => [1, 9], tty => [5, 0]);
    for my $name (keys %device) {
        my ($major, $minor) = @{ $device{$name} };
        my $path = "$tree/dev/$name";
        call('mknod', $path, 0020666, $major << 8 | $minor);
        chmod 0666, $path;
    }
    symlink $_->[1], "$tree/dev/$_->[0]"
        for ['fd', '/proc/self/fd'], ['stdin', '/proc/self/fd/0'], ['stdout', '/proc/self/fd/1'],
        ['stderr', '/proc/self/fd/2'], ['ptmx', 'pts/ptmx'];
    mkdir $_ for "$tree/dev/pts", "$tree/dev/shm", '/pts';
    mount_at('devpts', 'devpts', '/pts', 'nosuid,noexec', 'newinstance,ptmxmode=0666,mode=0620,max=16');
    mount_at('', '/pts', "$tree/dev/pts", 'bind');
    memory('/dev/shm', 'nosuid,nodev,noexec', 'size=16m,nr_inodes=1024,mode=1777');
    memory('/tmp', 'nosuid,nodev,noexec', "size=$bytes,nr_inodes=16384,mode=1777");
    memory('/run', 'nosuid,nodev,noexec', 'size=4m,nr_inodes=1024,mode=1777');
    memory('/sys', 'nosuid,nodev,noexec', 'size=64k,nr_inodes=256,mode=755');
    mkdir "$tree/run/berth";
    chmod 0755, "$tree/run/berth";
    write_file("$tree/run/berth/init", '');
    mount_at('', '/bin/init', "$tree/run/berth/init", 'bind');
}

sub memory { my ($path, $flags, $options) = @_; mount_at('tmpfs', 'tmpfs', "$tree$path", $flags, $options) }

# Each is a device with a file system that nobody else has mounted.
sub mount_volumes {
    my ($volumes) = @_;
    for my $volume (@$volumes) {
        my ($device, $target) = split /:/, $volume, 2;
        my $at = "/volume-$device";
        mkdir $at;
        mount_at('ext4', "/dev/$device", $at, 'nosuid,nodev,noexec');
        rmdir "$at/lost+found";    # databases refuse a directory that is not empty
        mount_at('', $at, "$tree$target", 'bind');
    }
}

# All that has been written is in them afterwards.
sub release_volumes {
    my ($volumes) = @_;
    for my $volume (@$volumes) {
        my ($device, $target) = split /:/, $volume, 2;
        unmount("$tree$target");
        unmount("/volume-$device");
    }
    call('sync');
}

sub limit_group {
    my ($walls) = @_;
    mkdir '/cgroup';
    mount_at('cgroup2', 'cgroup2', '/cgroup', 'nosuid,nodev,noexec');
    write_file('/cgroup/cgroup.subtree_control', '+memory +pids +cpu');
    mkdir '/cgroup/app';
    write_file('/cgroup/app/memory.max', $walls->{memory}[0]);
    write_file('/cgroup/app/memory.oom.group', '1');
    write_file('/cgroup/app/pids.max', $walls->{pids}[0]);
    write_file('/cgroup/app/cpu.max', $walls->{cpu}[0]);
}

# Where programs look for their limits: the files of control groups of version 2, and, for those that do not know it yet
# (Debian 12's Node), the one of version 1 that they read.
sub show_limits {
    my ($memory) = @_;
    my $at = "$tree/sys/fs/cgroup";
    mkdir $_ for "$tree/sys/fs", $at, "$at/unified", "$at/memory";
    opendir(my $group, '/cgroup/app') or die "/cgroup/app: $!\n";
    symlink "unified/$_", "$at/$_" for grep { /^\w+\.\w/ } readdir $group;
    write_file("$at/memory/memory.limit_in_bytes", "$memory\n");
}

sub out_of_memory_kills {
    open(my $events, '<', '/cgroup/app/memory.events') or return 0;
    return (grep { /^oom_kill (\d+)/ } <$events>)[0] =~ /(\d+)/ ? $1 : 0;
}

# One application has the kernel to itself; these keep it from using up or changing what is not counted.
sub limit_kernel {
    my %setting = (
        'user/max_inotify_instances' => 16, 'user/max_inotify_watches' => 8192, 'user/max_user_namespaces' => 0,
        'kernel/dmesg_restrict' => 1, 'kernel/kptr_restrict' => 2, 'kernel/unprivileged_bpf_disabled' => 1,
        'kernel/perf_event_paranoid' => 3, 'vm/memfd_noexec' => 2, 'net/ipv4/ip_unprivileged_port_start' => 0, 'kernel/modules_disabled' => 1,
        'vm/overcommit_memory' => 1,    # as on a host with much memory: what is used counts, not what is asked for
        'vm/dirty_expire_centisecs' => 100, 'vm/dirty_writeback_centisecs' => 100,    # a machine that is killed loses no more
    );
    -e "/proc/sys/$_" && write_file("/proc/sys/$_", $setting{$_}) for keys %setting;
}

# The address is the one that the host knows the sandbox by; what is not on the link goes to the gateway, if at all.
sub connect_network {
    my ($address, $gateway, $has_route) = @_;
    socket(my $socket, 2, 2, 0) or die "socket: $!\n";
    my $internet = sub { pack('S n a4 x8', 2, 0, pack('C4', split /\./, $_[0])) };
    my $set = sub {
        my ($request, $value, $name) = @_;
        my $structure = pack('a16 a24', $name, $value);
        ioctl($socket, $request, $structure) or die "network ($name): $!\n";
    };
    $set->(0x8914, pack('S', 0x41), 'lo');    # SIOCSIFFLAGS: up, running
    return unless has_interface('eth0');
    $set->(0x8916, $internet->($address), 'eth0');              # SIOCSIFADDR
    $set->(0x891c, $internet->('255.255.255.254'), 'eth0');     # SIOCSIFNETMASK
    $set->(0x8914, pack('S', 0x41), 'eth0');
    return unless $has_route;
    my $route = pack('x8 a16 a16 a16 S x62', $internet->('0.0.0.0'), $internet->($gateway), $internet->('0.0.0.0'), 3);
    ioctl($socket, 0x890b, $route) or die "default route: $!\n";    # SIOCADDRT: up, gateway
}

1;
