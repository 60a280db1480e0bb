#!/bin/perl
# Process 1 of the virtual machine: brings it up, asks the host what to run, and passes on what goes in and out. Should it
# ever end, the kernel panics, and the machine with it.
use strict;
use warnings;

require "/lib/berth/$_.pl" for qw(frames kernel guest-tree guest-filter guest-processes);
our ($window, $piece, $application);

my %channels;
my $walls;    # the application's settings: every command inside gets the same
my ($incoming, $outgoing) = ('', '');

boot();
sysopen(my $port, port_path(), 2) or die "the port to the host: $!\n";
my $children = notice_children();
send_frame(0, 'H', '');
leave_if_asked();
serve() while 1;

sub boot {
    mount_at('proc', 'proc', '/proc', 'nosuid,nodev,noexec');
    mount_at('devtmpfs', 'dev', '/dev', 'nosuid,noexec');
    open(my $list, '<', '/lib/modules/order') or die "/lib/modules/order: $!\n";
    chomp(my @modules = <$list>);
    load_module("/lib/modules/$_") for @modules;
}

# The host only wants to know whether a kernel comes up (accelerator.ts).
sub leave_if_asked {
    open(my $line, '<', '/proc/cmdline') or die "/proc/cmdline: $!\n";
    call('reboot', 0xfee1dead, 0x28121969, 0x4321fedc, 0) if <$line> =~ / berth\.probe$/;    # power off
}

# The kernel makes the port a moment after its driver.
sub port_path {
    for (1 .. 1000) {
        return '/dev/vport0p1' if -e '/dev/vport0p1';
        select undef, undef, undef, 0.01;
    }
    die "there is no port to the host\n";
}

# A descriptor that can be read when a child has ended.
sub notice_children {
    my $set = pack('Q', 1 << 16);    # SIGCHLD
    call('rt_sigprocmask', 0, $set, 0, 8);
    my $number = call('signalfd4', -1, $set, 8, 0x80800);    # close on exec, not blocking
    open(my $handle, '<&=', $number) or die "signalfd: $!\n";
    return $handle;
}

sub unblock_signals { my $set = pack('Q', 1 << 16); call('rt_sigprocmask', 1, $set, 0, 8) }

sub send_frame { my $bytes = frame(@_); while (length $bytes) { drain($port, \$bytes) // die "the host is gone\n" } }

sub serve {
    my (%source, %sink);
    for my $number (keys %channels) {
        my $channel = $channels{$number};
        if ($channel->{unacknowledged} < $window) {
            $source{ fileno($channel->{out}{$_}) } = [$number, $_] for keys %{ $channel->{out} };
        }
        $sink{ fileno($channel->{in}) } = $number if $channel->{in} && (length $channel->{input} || $channel->{is_ending});
    }
    my @readers = ($port, $children, map { $channels{ $_->[0] }{out}{ $_->[1] } } values %source);
    my ($readable, $writable) = ready(\@readers, [map { $channels{$_}{in} } values %sink], undef);
    feed($sink{ fileno($_) }) for @$writable;
    for my $handle (@$readable) {
        if    ($handle == $port)     { hear() }
        elsif ($handle == $children) { reap() }
        else                         { collect(@{ $source{ fileno($handle) } }) }
    }
    settle($_) for keys %channels;
}

sub hear {
    my $bytes = take($port) // return;
    die "the host is gone\n" if $bytes eq '';
    $incoming .= $bytes;
    obey(@$_) for frames(\$incoming);
}

sub obey {
    my ($number, $kind, $payload) = @_;
    return begin($number, settings($payload)) if $kind eq 'S';
    return finish_all() if $kind eq 'Q';
    my $channel = $channels{$number} or return;    # it has just ended
    if    ($kind eq 'I') { $channel->{input} .= $payload }
    elsif ($kind eq 'E') { $channel->{is_ending} = 1 }
    elsif ($kind eq 'W') { $channel->{unacknowledged} -= unpack('N', $payload) }
    elsif ($kind eq 'R') { resize($channel->{in}, unpack('n n', $payload)) if $channel->{terminal} }
    elsif ($kind eq 'K') { pass_signal($channel, unpack('n', $payload)) }
    elsif ($kind eq 'C') { kill 'KILL', -$channel->{pid}, $channel->{pid} unless defined $channel->{status} }
}

# A process 1 that does not wait for signals yet does not even notice them. tini does once it ignores SIGTTIN.
sub pass_signal {
    my ($channel, $signal) = @_;
    return if defined $channel->{status};
    for (1 .. 100) {
        open(my $file, '<', "/proc/$channel->{pid}/status") or last;
        my ($ignored) = map { /^SigIgn:\s*([0-9a-f]+)/ ? hex $1 : () } <$file>;
        last if !defined $ignored || $ignored & 1 << 20;
        select undef, undef, undef, 0.01;
    }
    kill $signal, $channel->{pid};
}

sub begin {
    my ($number, $wanted) = @_;
    my $is_begun = eval {
        if (!$walls) { $walls = $wanted; make_surroundings($walls) }
        $channels{$number} = start_process($wanted, $walls);
        $application //= $channels{$number}{pid};
        1;
    };
    return if $is_begun;
    send_frame($number, 'X', "berth: $@");
    send_frame($number, 'Z', pack('N N', 126 << 8, 0));
}

# Input for a process. What it does not read stays here, and the host sends no more than fits.
sub feed {
    my ($number) = @_;
    my $channel = $channels{$number};
    my $written = length $channel->{input} ? drain($channel->{in}, \$channel->{input}) : 0;
    if (!defined $written) { $written = length $channel->{input}; $channel->{input} = '' }    # it does not want any more
    send_frame($number, 'A', pack('N', $written)) if $written;
    return if length $channel->{input} || !$channel->{is_ending};
    # The end of what is typed is a character; a pipe is closed.
    if ($channel->{terminal}) { syswrite $channel->{in}, "\x04"; $channel->{is_ending} = 0 }
    else                      { close delete $channel->{in} }
}

sub collect {
    my ($number, $kind) = @_;
    my $channel = $channels{$number};
    my $bytes = take($channel->{out}{$kind}) // return;
    return delete $channel->{out}{$kind} if $bytes eq '';
    $channel->{unacknowledged} += length $bytes;
    send_frame($number, $kind, $bytes);
}

sub reap {
    sysread($children, my $ignored, 4096);
    while ((my $pid = waitpid(-1, 1)) > 0) {
        my ($channel) = grep { $_->{pid} == $pid } values %channels;
        $channel->{status} = $? if $channel;
    }
}

# A channel is over when its process has ended and its output has been read. Of a terminal, others may hold the other end.
sub settle {
    my ($number) = @_;
    my $channel = $channels{$number};
    return unless defined $channel->{status};
    if ($channel->{terminal} && $channel->{out}{O}) {
        return if $channel->{unacknowledged} >= $window;
        my $bytes = take($channel->{out}{O});
        if (defined $bytes && $bytes ne '') { $channel->{unacknowledged} += length $bytes; send_frame($number, 'O', $bytes) ; return settle($number) }
        $channel->{out} = {};
    }
    return if %{ $channel->{out} };
    delete $channels{$number};
    release_volumes($walls->{volume} // []) if $number == 0;
    send_frame($number, 'Z', pack('N N', $channel->{status}, out_of_memory_kills()));
}

# Whatever the application makes of it: all that it has written is kept.
sub finish_all { kill 'KILL', $application if defined $application && $channels{0} && !defined $channels{0}{status} }
