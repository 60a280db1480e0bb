# Starts qemu with what it may have, and nothing else.
use strict;
use warnings;
use POSIX qw(dup2);
use Socket qw(AF_UNIX SOCK_STREAM PF_UNSPEC pack_sockaddr_un);

sub pair { socketpair(my $ours, my $its, AF_UNIX, SOCK_STREAM, PF_UNSPEC) or die "socketpair: $!\n"; return ($ours, $its) }

# For root alone: whoever can connect can run commands inside.
sub listen_at {
    my ($path) = @_;
    my $mask = umask 0177;
    socket(my $socket, AF_UNIX, SOCK_STREAM, 0) or die "socket: $!\n";
    bind($socket, pack_sockaddr_un($path)) && listen($socket, 16) or die "$path: $!\n";
    umask $mask;
    return $socket;
}

# qemu gets its files open, and is nobody: whoever breaks out of the machine into it has only what the machine had.
sub start_qemu {
    my ($directory, $host, @handles) = @_;
    for my $line (split /\n/, read_file("$directory/descriptors")) {
        my ($number, $mode, $path) = split / /, $line, 3;
        sysopen(my $handle, $path, $mode eq 'rw' ? 2 : 0) or die "supervisor: $path: $!\n";
        push @handles, [$number, $handle];
    }
    my @argv = map { split /\0/, read_file("$directory/$_") } 'qemu', has_interface('eth0') ? 'card' : ();
    give_processor($directory, $host->{user}[0]) if $host->{kvm};
    my $pid = fork() // die "fork: $!\n";
    return $pid if $pid;
    $SIG{$_} = 'DEFAULT' for qw(TTIN PIPE);
    # Out of the way of the numbers that they get: none may be overwritten before it has been moved.
    my @moved = map { [$_->[0], fcntl($_->[1], 1030, 100)] } @handles;    # F_DUPFD_CLOEXEC
    dup2($_->[1], $_->[0]) // die "dup2: $!\n" for @moved;
    open(STDIN, '<', '/dev/null');
    open(STDOUT, '>&', \*STDERR);
    my $user = $host->{user}[0] + 0;
    become($user, $user);
    call('prctl', 1, 9, 0, 0, 0);    # PR_SET_PDEATHSIG: it does not outlive this process
    %ENV = (PATH => '/usr/bin:/bin', LC_ALL => 'C.UTF-8');
    exec { $argv[0] } @argv or print STDERR "supervisor: $argv[0]: $!\n";
    leave(127);
}

# The device that lends out the processor, as a node that belongs to qemu, seen in this mount namespace alone.
sub give_processor {
    my ($directory, $user) = @_;
    my $at = "$directory/devices";
    mkdir $at;
    mount_at('tmpfs', 'devices', $at, 'nosuid,noexec', 'size=4k,mode=755');
    my $node = "$at/kvm";
    call('mknod', $node, 0020600, (stat '/dev/kvm')[6]);
    chown $user, $user, $node;
    mount_at('', $node, '/dev/kvm', 'bind');
}

1;
