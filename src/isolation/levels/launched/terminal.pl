# A terminal inside of a sandbox, relayed to the one outside that an operator sits at.
package Terminal;
use strict;
use warnings;
use Fcntl qw(O_RDWR O_NOCTTY O_NONBLOCK F_SETFL);
use POSIX qw(setsid dup2 WNOHANG EAGAIN EINTR);

# Of asm-generic/ioctls.h, which x86-64 and arm64 share.
my ($unlock, $peer, $control, $get_size, $set_size) = (0x40045431, 0x5441, 0x540E, 0x5413, 0x5414);

# Returns in a new process at the terminal's end; the one that called stays and relays, and ends as the new one does.
sub relay {
    my ($columns, $rows, $user) = @_;
    sysopen(my $outer, '/dev/ptmx', O_RDWR | O_NOCTTY) or die "launcher: /dev/ptmx: $!\n";
    ioctl($outer, $unlock, my $no = pack('l', 0)) or die "launcher: terminal: $!\n";
    ioctl($outer, $set_size, my $size = pack('S4', $rows, $columns, 0, 0)) or die "launcher: terminal: $!\n";
    my $number = ioctl($outer, $peer, O_RDWR | O_NOCTTY) or die "launcher: terminal: $!\n";
    open(my $inner, '+<&=', $number + 0) or die "launcher: terminal: $!\n";
    chown $user, -1, $inner or die "launcher: terminal: $!\n";
    my $pid = fork() // die "launcher: fork: $!\n";
    if ($pid == 0) {
        close $outer;
        setsid();
        ioctl($inner, $control, 0) or die "launcher: terminal: $!\n";
        dup2(fileno $inner, $_) // die "launcher: terminal: $!\n" for 0 .. 2;
        return;
    }
    close $inner;
    $SIG{WINCH} = sub { ioctl(STDIN, $get_size, $size) && ioctl($outer, $set_size, $size) };
    $SIG{PIPE} = 'IGNORE';
    my $status;
    $SIG{CHLD} = sub { $status = $? if waitpid($pid, WNOHANG) == $pid };
    copy_both_ways($outer, \$status);
    if (!defined $status) { waitpid $pid, 0; $status //= $? }
    exit($status & 127 ? 128 + ($status & 127) : $status >> 8);
}

# Until the program has ended, or the terminal's other end is closed by all; then what is left is shown. Neither way may wait for the other: both could be full.
sub copy_both_ways {
    my ($outer, $status) = @_;
    fcntl($outer, F_SETFL, O_RDWR | O_NONBLOCK);
    my ($typed, $shown, $is_open) = ('', '', 1);
    while (1) {
        my ($reading, $writing) = ('', '');
        vec($reading, fileno STDIN, 1) = 1 if $is_open && length $typed < 4096;
        vec($reading, fileno $outer, 1) = 1;
        vec($writing, fileno $outer, 1) = 1 if length $typed;
        # A signal ends the wait; one that comes just before it is seen at the next turn.
        my $has_ended = defined $$status;
        my $ready = select($reading, $writing, undef, $has_ended ? 0 : 0.5);
        return if $has_ended && $ready <= 0;
        next if $ready <= 0;
        if (vec($reading, fileno STDIN, 1)) {
            my $count = sysread(STDIN, $typed, 4096, length $typed);
            $is_open = 0 if !$count && !$!{EINTR};
        }
        if (vec($writing, fileno $outer, 1)) {
            my $count = syswrite($outer, $typed) // 0;
            substr($typed, 0, $count, '');
        }
        next unless vec($reading, fileno $outer, 1);
        my $count = sysread($outer, $shown, 65536);
        next if !defined $count && ($!{EAGAIN} || $!{EINTR});
        return unless $count;    # EIO: closed by all
        for (my $from = 0; $from < $count;) {
            $from += syswrite(STDOUT, $shown, $count - $from, $from) // return;
        }
    }
}

1;
