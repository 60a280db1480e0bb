# Starts a program the way an OCI runtime starts a container: `create` makes a process that waits, `start` lets it go.
# So levels that no OCI runtime gives (a chroot, a virtual machine) have the same monitor, log and exit code as others.
#
#   perl launcher.pl --at DIRECTORY create --bundle B --pid-file F ID
#   perl launcher.pl --at DIRECTORY start ID
#   perl launcher.pl --at DIRECTORY run [--keep] --bundle B --pid-file F ID
#   perl launcher.pl --at DIRECTORY delete [--force] ID
#
# DIRECTORY holds, written by berth: `argv` and `env`, whose items end with a zero; `cgroups`, a directory a line, which
# the process joins; `namespaces`, a name a line, which it gets of its own.
use strict;
use warnings;
use Fcntl qw(F_SETFD FD_CLOEXEC O_WRONLY O_NONBLOCK);
use POSIX qw(mkfifo setsid uname);

my %flags = (mount => 0x00020000, uts => 0x04000000, ipc => 0x08000000, net => 0x40000000);
my %unshare = (x86_64 => 272, aarch64 => 97);

my ($directory, $verb, %option) = (undef, undef);
while (@ARGV) {
    my $word = shift @ARGV;
    if    ($word eq '--at')                             { $directory = shift @ARGV }
    elsif ($word eq '--bundle' || $word eq '--pid-file') { $option{$word} = shift @ARGV }
    elsif ($word =~ /^--/)                              { next }
    elsif (!defined $verb)                              { $verb = $word }
}
die "launcher: --at and a verb are needed\n" unless defined $directory && defined $verb;
my @kept;
my $gate = "$directory/gate";

my %verbs = (create => \&create, start => \&start, run => \&run, delete => \&delete_);
my $do = $verbs{$verb} or die "launcher: there is no verb $verb\n";
$do->();
exit 0;

# The waiting process is handed on to the monitor, which takes in orphans.
sub create {
    mkfifo($gate, 0600) or die "launcher: $gate: $!\n";
    pipe(my $told, my $tell) or die "launcher: pipe: $!\n";
    my $pid = fork() // die "launcher: fork: $!\n";
    if ($pid == 0) {
        close $told;
        setsid();
        enter();
        syswrite $tell, 'ready';
        close $tell;
        # Opening waits for `start`; an end without a word means that nobody will ever come.
        open(my $opened, '<', $gate) or die "launcher: $gate: $!\n";
        my $word = '';
        sysread($opened, $word, 2);
        exit 125 if $word ne 'go';
        close $opened;
        launch();
    }
    close $tell;
    my $word = '';
    sysread($told, $word, 5);
    if ($word ne 'ready') { waitpid $pid, 0; exit 1 }
    note($pid);
}

sub start {
    sysopen(my $opened, $gate, O_WRONLY | O_NONBLOCK) or die "launcher: the process does not wait any more: $!\n";
    syswrite $opened, 'go';
}

sub run {
    setsid() unless -t STDIN;
    enter();
    note($$);
    launch();
}

# The control group takes the process with it.
sub delete_ { unlink $gate }

sub enter {
    for my $group (items('cgroups', "\n")) {
        open(my $procs, '>', "$group/cgroup.procs") or die "launcher: $group: $!\n";
        syswrite($procs, $$) or die "launcher: $group: $!\n";
    }
    my $wanted = 0;
    $wanted |= $flags{$_} // die "launcher: there is no namespace $_\n" for items('namespaces', "\n");
    return unless $wanted;
    my $number = $unshare{(uname())[4]} or die "launcher: not made for this machine\n";
    syscall($number, $wanted) == 0 or die "launcher: unshare: $!\n";
    if ($wanted & $flags{mount}) {
        system('mount', '--make-rslave', '/') == 0 or die "launcher: mount: $?\n";
    }
    if ($wanted & $flags{net}) {
        system('ip', 'link', 'set', 'dev', 'lo', 'up') == 0 or die "launcher: ip: $?\n";
    }
}

sub launch {
    my @argv = items('argv', "\0");
    %ENV = map { split(/=/, $_, 2) } items('env', "\0");
    opendir(my $open, '/proc/self/fd') or die "launcher: /proc/self/fd: $!\n";
    for my $number (grep { /^\d+$/ && $_ > 2 } readdir $open) {
        open(my $handle, '<&=', $number) or next;
        fcntl($handle, F_SETFD, FD_CLOEXEC);
        push @kept, $handle;    # closing it here would close it under readdir
    }
    chdir '/';
    exec { $argv[0] } @argv or do { print STDERR "launcher: $argv[0]: $!\n"; exit 127 };
}

sub note {
    my ($pid) = @_;
    my $file = $option{'--pid-file'} or return;
    open(my $out, '>', "$file.new") or die "launcher: $file: $!\n";
    print $out $pid;
    close $out or die "launcher: $file: $!\n";
    rename "$file.new", $file or die "launcher: $file: $!\n";
}

sub items {
    my ($name, $separator) = @_;
    open(my $in, '<', "$directory/$name") or die "launcher: $directory/$name: $!\n";
    local $/;
    return split /\Q$separator\E/, (<$in> // '');
}
