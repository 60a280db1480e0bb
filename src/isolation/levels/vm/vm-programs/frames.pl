# What goes between the host and the virtual machine, on one serial port, and between an operator's command and the
# supervisor: frames of length, channel, kind and payload. Channel 0 is the application, every other one a command inside.
#
# To the guest:   S start (settings)  I input  E end of input  R new size of the terminal  K a signal  C be gone
#                 W so much of the output has been taken  Q end everything
# From the guest: H the guest is up  O output  X error output  A so much of the input has been taken
#                 Z it has ended: wait(2)'s status and how often memory ran out
use strict;
use warnings;

# Nobody sends more than this without having heard that it was taken: who does not read holds up nobody else.
our $window = 256 * 1024;
our $piece = 32 * 1024;
my $longest = 4 * 1024 * 1024;
my $header = 7;

sub frame {
    my ($channel, $kind, $payload) = @_;
    return pack('N n a', length($payload), $channel, $kind) . $payload;
}

# Takes the whole frames off a buffer: [channel, kind, payload].
sub frames {
    my ($buffer) = @_;
    my @found;
    while (length($$buffer) >= $header) {
        my ($length, $channel, $kind) = unpack('N n a', $$buffer);
        die "a frame of $length bytes\n" if $length > $longest;
        last if length($$buffer) < $header + $length;
        push @found, [$channel, $kind, substr($$buffer, $header, $length)];
        substr($$buffer, 0, $header + $length) = '';
    }
    return @found;
}

# Settings are items like `name=value` that end with a zero; a name may come more than once.
sub settings {
    my ($text) = @_;
    my %found;
    for my $item (split /\0/, $text) {
        my ($name, $value) = split /=/, $item, 2;
        push @{ $found{$name} }, $value;
    }
    return \%found;
}

# Rows and columns of the terminal at standard input, packed; '' when there is none.
sub terminal_size {
    my $size = pack('S4', 0, 0, 0, 0);
    return ioctl(STDIN, 0x5413, $size) ? pack('n n', unpack('S S', $size)) : '';    # TIOCGWINSZ
}

sub size_setting { my ($size) = @_; return $size eq '' ? '' : sprintf("rows=%d\0columns=%d\0", unpack('n n', $size)) }

sub set_nonblocking { fcntl($_[0], 4, 0x800) }    # F_SETFL, O_NONBLOCK

# Writes what can be written at once. Gives how much that was; undef when nobody will ever read it.
sub drain {
    my ($handle, $queue) = @_;
    my $written = syswrite($handle, $$queue, 65536);
    if (!defined $written) { return $! == 11 || $! == 4 ? 0 : undef }    # EAGAIN, EINTR
    substr($$queue, 0, $written) = '';
    return $written;
}

# Gives what can be read at once: undef when nothing can, and '' at the end.
sub take {
    my ($handle) = @_;
    my $read = sysread($handle, my $bytes, $piece);
    return $bytes if defined $read;
    return $! == 11 || $! == 4 ? undef : '';    # a terminal that nobody holds any more gives EIO
}

# Those of the handles that can be read, and those that can be written to.
sub ready {
    my ($readers, $writers, $seconds) = @_;
    my ($in, $out) = ('', '');
    vec($in, fileno($_), 1) = 1 for @$readers;
    vec($out, fileno($_), 1) = 1 for @$writers;
    return ([], []) if select($in, $out, undef, $seconds) <= 0;
    return ([grep { vec($in, fileno($_), 1) } @$readers], [grep { vec($out, fileno($_), 1) } @$writers]);
}

1;
