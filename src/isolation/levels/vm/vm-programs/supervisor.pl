# What stands for a virtual machine on the host: makes its network, starts qemu with what it may have and nothing else,
# tells the guest what to run, and passes on input, output, signals and the exit status. To the monitor it is the
# application itself.
#
#   perl supervisor.pl DIRECTORY
#
# DIRECTORY holds, written by berth: `qemu`, the command line, whose items end with a zero; `card`, what comes behind it
# where there is a link; `descriptors`, a line `NUMBER r|rw PATH` for each file that qemu gets opened; `guest`, the settings
# that the guest gets; `host`, settings of this program; `scaffold`, the command line that makes the block device of this
# sandbox's own files.
use strict;
use warnings;
use Config;

my $programs = __FILE__ =~ s{[^/]*$}{}r;
require "$programs$_.pl" for qw(frames kernel supervisor-network supervisor-machine);
our ($window, $piece);

# As tini shows that it is ready for signals.
$SIG{TTIN} = 'IGNORE';
my @signals;
my @names = (split ' ', $Config{sig_name})[0 .. 64];    # at their numbers; what follows are other names
my %number = map { $names[$_] => $_ } 1 .. 64;
my %is_own = map { $_ => 1 } qw(KILL STOP TTIN TTOU SEGV BUS FPE ILL TRAP ABRT SYS PIPE NUM32 NUM33);    # tini's, too
$SIG{$_} = sub { push @signals, $_[0] } for grep { !$is_own{$_} } keys %number;
$SIG{PIPE} = 'IGNORE';

my $directory = shift @ARGV // die "supervisor: no directory\n";
my $host = settings(read_file("$directory/host"));
my $guest = settings(read_file("$directory/guest"));
my ($control, $console, $qemu, $listener);
my %clients;        # by channel: what an operator's command reads and writes
my $channels = 0;
my ($from_guest, $to_guest, $last_words) = ('', '', '');
my ($is_up, $size, $status) = (0, '');

begin();
serve() while !defined $status;
exit $status;

sub begin {
    my $tap = has_interface('eth0') ? make_network($host, $guest) : undef;
    my @maker = split /\0/, read_file("$directory/scaffold");
    system({ $maker[0] } @maker) == 0 or die "supervisor: `@maker` has failed\n";
    ($control, my $its_control) = pair();
    ($console, my $its_console) = pair();
    $listener = listen_at("$directory/socket");
    $qemu = start_qemu($directory, $host, [10, $its_control], [11, $its_console], $tap ? [12, $tap] : ());
    set_nonblocking($_) for $control, $console;
    $clients{0} = { in => \*STDIN, out => \*STDOUT, err => \*STDERR, O => '', X => '', sent => 0 };
    $size = terminal_size();
    $to_guest = frame(0, 'S', read_file("$directory/guest") . size_setting($size));
    my $user = $host->{user}[0] + 0;
    chown $user, $user, $host->{persist}[0];
    become($user, $user);    # the same as qemu, which it has to end; the kernel lets neither look into this process
}

sub serve {
    my (%source, %sink);
    $source{ fileno($_) } = [$_] for grep { $_ } $control, $console, $listener;
    $sink{ fileno($control) } = [$control] if $control && length $to_guest;
    while (my ($number, $client) = each %clients) {
        $source{ fileno($client->{in}) } = [$client->{in}, $number] if $client->{in} && $client->{sent} < $window;
        for my $kind (qw(O X)) {
            my $handle = $client->{ $kind eq 'O' ? 'out' : 'err' } or next;
            $sink{ fileno($handle) . $kind } = [$handle, $number, $kind] if length $client->{$kind};
        }
    }
    my ($readable, $writable) = ready([map { $_->[0] } values %source], [map { $_->[0] } values %sink], 0.5);
    heed(shift @signals) while @signals;
    notice_size();
    my %is_writable = map { fileno($_) => 1 } @$writable;
    for my $entry (values %sink) {
        my ($handle, $number, $kind) = @$entry;
        next unless $handle && defined fileno($handle) && $is_writable{ fileno($handle) };
        if (!defined $number) { drain($control, \$to_guest) }
        else                  { deliver($number, $kind) }
    }
    for my $handle (@$readable) {
        next unless defined fileno($handle);
        if    ($handle == ($control // 0)) { hear() }
        elsif ($handle == ($console // 0)) { overhear() }
        elsif ($handle == $listener)       { welcome() }
        else                               { pass_on($source{ fileno($handle) }[1]) }
    }
    settle();
}

sub ask_guest { my ($number, $kind, $payload) = @_; $to_guest .= frame($number, $kind, $payload) }

sub heed {
    my ($name) = @_;
    return if $name eq 'CHLD';
    if ($is_up) { ask_guest(0, 'K', pack('n', $number{$name})) }
    else        { finish(128 + $number{$name}) }    # nothing has begun that could end itself
}

# Looked at, not waited for: this process is not of the terminal's session.
sub notice_size {
    return if $size eq '' || $size eq terminal_size();
    $size = terminal_size();
    ask_guest(0, 'R', $size);
}

sub hear {
    my $bytes = take($control) // return;
    return give_up() if $bytes eq '';
    $from_guest .= $bytes;
    obey(@$_) for frames(\$from_guest);
}

sub obey {
    my ($number, $kind, $payload) = @_;
    if ($kind eq 'H') { $is_up = 1; return }
    my $client = $clients{$number} or return;    # it has gone
    if    ($client->{is_remote}) { $client->{O} .= frame($number, $kind, $payload) }
    elsif ($kind eq 'A')         { $client->{sent} -= unpack('N', $payload) }
    elsif ($kind eq 'O' || $kind eq 'X') { $client->{$kind} .= $payload }
    $client->{end} = $payload if $kind eq 'Z';
    # The guest is nobody's friend: what it sends beyond what it may is not kept.
    die "supervisor: the guest sends more than it may\n" if length($client->{O}) + length($client->{X}) > 8 * $window;
}

# Output to where it goes. A command's client says by itself how much of it has arrived.
sub deliver {
    my ($number, $kind) = @_;
    my $client = $clients{$number} or return;
    my $written = drain($client->{ $kind eq 'O' ? 'out' : 'err' }, \$client->{$kind});
    if (!defined $written) { return $number == 0 ? finish(128 + 13) : drop($number) }    # nobody keeps it any more
    ask_guest($number, 'W', pack('N', $written)) if $number == 0;
}

sub welcome {
    accept(my $socket, $listener) or return;
    set_nonblocking($socket);
    # Not that of a client that has just gone: what the guest still has to say of its command is not for this one.
    do { $channels = $channels % 65535 + 1 } while $clients{$channels};
    $clients{$channels} = { is_remote => 1, in => $socket, out => $socket, O => '', X => '', heard => '', sent => 0 };
}

# Input of the application, or frames of a command's client.
sub pass_on {
    my ($number) = @_;
    my $client = $clients{$number} or return;
    my $bytes = take($client->{in}) // return;
    if ($client->{is_remote}) {
        return drop($number) if $bytes eq '';
        $client->{heard} .= $bytes;
        my @frames = eval { frames(\$client->{heard}) };
        return drop($number) if $@;
        return finish(128 + 9) if !$is_up && grep { $_->[1] eq 'Q' } @frames;    # it has nothing to write yet
        ask_guest($number, $_->[1], $_->[2]) for @frames;
        return;
    }
    $client->{sent} += length $bytes;
    if ($bytes eq '') { delete $client->{in}; ask_guest($number, 'E', '') }
    else              { ask_guest($number, 'I', $bytes) }
}

sub drop {
    my ($number) = @_;
    my $client = delete $clients{$number} or return;
    ask_guest($number, 'C', '');
    close $client->{in};
}

# The kernel's words are kept for the case that there is nothing else to say.
sub overhear {
    my $bytes = take($console) // return;
    if ($bytes eq '') { close $console; undef $console; return }
    $last_words = substr($last_words . $bytes, -8192);
}

# What has ended, and has been told of.
sub settle {
    for my $number (keys %clients) {
        my $client = $clients{$number};
        next if !defined $client->{end} || length $client->{O} || length $client->{X};
        return finish(exit_code($client->{end})) if $number == 0;
        close $client->{in};
        delete $clients{$number};
    }
}

sub exit_code {
    my ($end) = @_;
    my ($wait, $out_of_memory) = unpack('N N', $end);
    if ($out_of_memory) { open(my $mark, '>', "$host->{persist}[0]/oom") }
    return $wait & 127 ? 128 + ($wait & 127) : $wait >> 8 & 255;
}

# The machine has ended before the application has.
sub give_up {
    my $ended = waitpid($qemu, 0) == $qemu ? $? : 0;
    $qemu = undef;
    return finish(128 + ($ended & 127)) if $ended & 127;
    print STDERR "berth: the virtual machine has ended by itself\n$last_words\n";
    finish(125);
}

sub finish {
    ($status) = @_;
    return unless $qemu;
    # While it has not yet become this process's user, it cannot be ended by it.
    until (waitpid($qemu, 1)) { kill 'KILL', $qemu; select undef, undef, undef, 0.01 }
}
