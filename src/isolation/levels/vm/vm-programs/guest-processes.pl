# Processes of the guest: the application in namespaces of its own below an init, and commands beside it.
use strict;
use warnings;

our %mount_flag;
our %namespace;
our ($window, $piece);
our $application;    # process 1 of the application's namespaces, once it has been started
my $tree = '/tree';
my $kinds = $namespace{mnt} | $namespace{pid} | $namespace{uts} | $namespace{ipc} | $namespace{cgroup};

# Starts a process for a channel. `wanted`: settings; `walls`: those of the application.
sub start_process {
    my ($wanted, $walls) = @_;
    my $terminal = $wanted->{rows} ? open_terminal($wanted, $walls) : undef;
    my @pipes = $terminal ? () : map { [make_pipe()] } 0 .. 2;
    my ($told, $tell) = make_pipe();
    my $helper = fork() // die "fork: $!\n";
    if ($helper == 0) {
        eval { enter(defined $application); 1 } or fail("berth: $@");
        my $process = fork() // fail("berth: fork: $!\n");
        if ($process == 0) {
            close $tell if defined $application;
            become_process($wanted, $walls, $terminal, \@pipes);
        }
        syswrite $tell, $process;
        leave(0);
    }
    close $tell;
    my $process = '';
    sysread($told, $process, 16);
    waitpid $helper, 0;
    # The application's own process keeps the pipe until it runs its program: commands inside come to a finished root.
    sysread($told, my $nothing, 1);
    die "the process could not be made\n" unless $process;
    my %channel = (pid => $process + 0, unacknowledged => 0, input => '', taken => 0);
    if ($terminal) { @channel{ 'in', 'terminal' } = ($terminal->{master}, 1); $channel{out} = { O => $terminal->{master} } }
    else {
        $channel{in} = $pipes[0][1];
        $channel{out} = { O => $pipes[1][0], X => $pipes[2][0] };
    }
    set_nonblocking($_) for $channel{in}, values %{ $channel{out} };
    return \%channel;
}

sub make_pipe { pipe(my $reader, my $writer) or die "pipe: $!\n"; return ($reader, $writer) }

# The helper enters or makes the namespaces; only what it starts then is in the new pid namespace.
sub enter {
    my ($is_beside) = @_;
    write_file('/cgroup/app/cgroup.procs', $$);
    if (!$is_beside) { call('unshare', $kinds); return }
    opendir(my $root, "/proc/$application/root") or die "the application has ended\n";
    for my $kind (qw(cgroup ipc uts pid mnt)) {
        open(my $handle, '<', "/proc/$application/ns/$kind") or die "the application has ended\n";
        call('setns', fileno($handle), $namespace{$kind});
    }
    chdir $root or die "chdir: $!\n";
    chroot '.' or die "chroot: $!\n";
}

sub become_process {
    my ($wanted, $walls, $terminal, $pipes) = @_;
    my @argv = @{ $wanted->{arg} };
    eval {
        call('setsid');
        unblock_signals();
        take_over($pipes) if !$terminal;
        if (!defined $application) { finish_tree(); unshift @argv, '/run/berth/init', '--' }
        control_terminal($terminal) if $terminal;
        limit_resource(@$_) for [7, 4096], [4, 0], [8, 65536], [12, 0];    # NOFILE, CORE, MEMLOCK, MSGQUEUE
        my $user = $walls->{uid}[0] + 0;
        chown $user, $user, \*STDIN if $terminal;
        become($user, $user, $user);
        umask 022;
        my $directory = $walls->{cwd}[0];
        chdir $directory or die "the working directory $directory: $!\n";
        filter_calls();
        1;
    } or fail("berth: $@");
    %ENV = map { split(/=/, $_, 2) } @{ $walls->{env} };
    no warnings 'exec';
    exec { $argv[0] } @argv or fail("berth: $argv[0]: $!\n", $! == 2 ? 127 : 126);
}

sub fail { my ($message, $code) = @_; syswrite STDERR, $message; leave($code // 126) }

sub take_over {
    my ($pipes) = @_;
    open(STDIN, '<&', $pipes->[0][0]) or die "input: $!\n";
    open(STDOUT, '>&', $pipes->[1][1]) or die "output: $!\n";
    open(STDERR, '>&', $pipes->[2][1]) or die "error output: $!\n";
}

# What depends on the new namespaces; then the tree becomes the root.
sub finish_tree {
    mount_at('proc', 'proc', "$tree/proc", 'nosuid,nodev,noexec', 'hidepid=2');
    mount_at('cgroup2', 'cgroup2', "$tree/sys/fs/cgroup/unified", 'ro,nosuid,nodev,noexec');
    mount_at('', 'tmpfs', "$tree/sys", 'remount,ro,nosuid,nodev,noexec', 'mode=755');
    chdir $tree or die "$tree: $!\n";
    mount_at('', '.', '/', 'move');
    chroot '.' or die "chroot: $!\n";
    chdir '/';
}

sub open_terminal {
    my ($wanted) = @_;
    sysopen(my $master, '/pts/ptmx', 2) or die "/pts/ptmx: $!\n";
    my $number = pack('i', 0);
    ioctl($master, 0x40045431, $number) or die "unlocking a terminal: $!\n";    # TIOCSPTLCK
    ioctl($master, 0x80045430, $number) or die "numbering a terminal: $!\n";    # TIOCGPTN
    resize($master, $wanted->{rows}[0], $wanted->{columns}[0]);
    return { master => $master, path => '/dev/pts/' . unpack('i', $number) };
}

sub resize {
    my ($master, $rows, $columns) = @_;
    my $size = pack('S4', $rows, $columns, 0, 0);
    ioctl($master, 0x5414, $size);    # TIOCSWINSZ
}

sub control_terminal {
    my ($terminal) = @_;
    close $terminal->{master};
    sysopen(my $slave, $terminal->{path}, 2) or die "$terminal->{path}: $!\n";
    my $none = 0;
    ioctl($slave, 0x540E, $none) or die "controlling the terminal: $!\n";    # TIOCSCTTY
    open(STDIN, '+<&', $slave) && open(STDOUT, '+>&', $slave) && open(STDERR, '+>&', $slave) or die "terminal: $!\n";
}

1;
