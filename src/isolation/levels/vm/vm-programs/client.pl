# A command inside a virtual machine, attached to whoever started this program.
#
#   perl client.pl --pid-file F SOCKET SETTINGS
#   perl client.pl --end SOCKET       ends the application, and waits until the machine has written all it had to write
use strict;
use warnings;
use Socket qw(AF_UNIX SOCK_STREAM pack_sockaddr_un);

my $programs = __FILE__ =~ s{[^/]*$}{}r;
require "${programs}frames.pl";
our ($window, $piece);

my ($is_end, $pid_file, $path, $settings) = $ARGV[0] eq '--end' ? (1, undef, $ARGV[1]) : (0, @ARGV[1 .. 3]);
write_pid() unless $is_end;
socket(my $machine, AF_UNIX, SOCK_STREAM, 0) or die "client: socket: $!\n";
connect($machine, pack_sockaddr_un($path)) or die "client: the virtual machine does not answer: $!\n";
my ($size, $sent, $is_open) = (terminal_size(), 0, 1);
my ($heard, $queue) = ('', '');
my %handle = (O => \*STDOUT, X => \*STDERR);
$SIG{PIPE} = 'IGNORE';
begin();
serve() while 1;

sub write_pid {
    open(my $out, '>', "$pid_file.new") or die "client: $pid_file: $!\n";
    print $out $$;
    close $out;
    rename "$pid_file.new", $pid_file or die "client: $pid_file: $!\n";
}

sub begin {
    if ($is_end) { $queue = frame(0, 'Q', ''); $is_open = 0; set_nonblocking($machine); return }
    open(my $in, '<', $settings) or die "client: $settings: $!\n";
    local $/;
    $queue = frame(0, 'S', scalar(<$in>) . size_setting($size));
    set_nonblocking($machine);
}

sub serve {
    my @readers = ($machine, $is_open && $sent < $window ? \*STDIN : ());
    my @writers = length $queue ? $machine : ();
    my ($readable, $writable) = ready(\@readers, \@writers, 0.5);
    if ($size ne '' && $size ne terminal_size()) { $size = terminal_size(); $queue .= frame(0, 'R', $size) }
    if (@$writable) { drain($machine, \$queue) // end(125) }
    for my $handle (@$readable) { $handle == $machine ? hear() : pass_on() }
}

sub hear {
    my $bytes = take($machine) // return;
    if ($bytes eq '') { end(137) }    # the machine has ended, and the command with it
    $heard .= $bytes;
    for my $frame (frames(\$heard)) {
        my ($channel, $kind, $payload) = @$frame;
        if    ($kind eq 'A') { $sent -= unpack('N', $payload) }
        elsif ($kind eq 'Z') { my ($wait) = unpack('N', $payload); end($wait & 127 ? 128 + ($wait & 127) : $wait >> 8 & 255) }
        elsif ($handle{$kind}) { print_all($handle{$kind}, $payload); $queue .= frame(0, 'W', pack('N', length $payload)) }
    }
}

# Whoever started this program reads at his own pace; the guest waits when he does not.
sub print_all {
    my ($handle, $bytes) = @_;
    while (length $bytes) {
        my $written = syswrite($handle, $bytes) // ($! == 4 ? 0 : return);
        substr($bytes, 0, $written) = '';
    }
}

sub pass_on {
    my $read = sysread(STDIN, my $bytes, $piece) // return;
    if ($read) { $sent += $read; $queue .= frame(0, 'I', $bytes) }
    else       { $is_open = 0; $queue .= frame(0, 'E', '') }
}

sub end { exit $_[0] }
