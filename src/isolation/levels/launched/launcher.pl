# Starts a program the way an OCI runtime starts a container: `create` makes a process that waits, `start` lets it go.
# So levels that no OCI runtime gives (a chroot, a virtual machine) have the same monitor, log and exit code as others.
#
#   perl launcher.pl --at DIRECTORY create --bundle B --pid-file F ID
#   perl launcher.pl --at DIRECTORY start ID
#   perl launcher.pl --at DIRECTORY run [--keep] --bundle B --pid-file F ID
#   perl launcher.pl --at DIRECTORY delete [--force] ID
#
# DIRECTORY holds, written by berth: `argv` and `env`, whose items end with a zero; `cgroups`, a directory a line, which
# the process joins; `namespaces`, a name a line, which it gets of its own; `steps`, what else it goes through (steps.pl).
use strict;
use warnings;
use Fcntl qw(F_SETFD FD_CLOEXEC O_RDWR O_WRONLY O_NONBLOCK);
use POSIX qw(mkfifo setsid sigprocmask SIG_SETMASK);

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
    my $waits_inside = make_gate();
    pipe(my $told, my $tell) or die "launcher: pipe: $!\n";
    my $pid = fork() // die "launcher: fork: $!\n";
    if ($pid == 0) {
        close $told;
        setsid();
        my $opened = open_gate();
        my $launch = enter();
        syswrite $tell, 'ready';
        close $tell;
        wait_at($opened) unless $waits_inside;
        $launch->();
    }
    close $tell;
    my $word = '';
    sysread($told, $word, 5);
    if ($word ne 'ready') { waitpid $pid, 0; exit 1 }
    my $noted = pid_file();
    syswrite $noted, $pid if $noted;
}

# Where a program makes the sandbox (a file `waits-inside` says so), it starts at once, and what waits is what it starts.
sub make_gate {
    mkfifo($gate, 0600) or die "launcher: $gate: $!\n";
    return 0 unless -e "$directory/waits-inside";
    chmod 0644, $gate;    # nobody else gets as far as to its directory
    return 1;
}

# Both ends, and early: opening one end would wait, and once there are walls this file cannot be opened any more.
sub open_gate {
    sysopen(my $opened, $gate, O_RDWR) or die "launcher: $gate: $!\n";
    return $opened;
}

sub wait_at {
    my ($opened) = @_;
    my $word = '';
    sysread($opened, $word, 2);
    exit 125 if $word ne 'go';
}

sub start {
    sysopen(my $opened, $gate, O_WRONLY | O_NONBLOCK) or die "launcher: the process does not wait any more: $!\n";
    syswrite $opened, 'go';
}

# Its caller's standard input and output are those of the program, unless a terminal between them is one of the steps.
# It waits for `start` where a file `waits` says so: then its network is connected before it begins.
sub run {
    setsid();
    my $waits = -e "$directory/waits";
    make_gate() if $waits || -e "$directory/waits-inside";
    my $noted = pid_file();
    outlive() if defined $option{'--bundle'};
    my $opened = $waits ? open_gate() : undef;
    my $launch = enter();
    syswrite $noted, $$ if $noted;    # with a terminal, that of the process at its end
    wait_at($opened) if $opened;
    $launch->();
}

# Another process goes on; this one stays outside. A sandbox ends when its first process does, also where that is process
# 1 of nothing: what it leaves is killed, for it may hold on to the standard output that somebody reads to its end.
sub outlive {
    my @groups = items('cgroups', "\n");
    my $pid = fork() // die "launcher: fork: $!\n";
    if ($pid == 0) {
        setsid() unless -t STDIN;    # a terminal tells the session that has it when its size changes
        return;
    }
    waitpid $pid, 0;
    my $status = $?;
    for (1 .. 500) {
        my @left = grep { $_ > 0 } map { eval { lines("$_/cgroup.procs") } } @groups or last;
        kill 'KILL', @left;
        select(undef, undef, undef, 0.01);
    }
    exit($status & 127 ? 128 + ($status & 127) : $status >> 8);
}

# The control group takes the process with it.
sub delete_ { unlink $gate }

# Puts this process behind its walls; gives what is left to do, for which no file needs to be opened.
# All is read before: behind the walls it cannot be.
sub enter {
    my ($here) = __FILE__ =~ m{^(.*)/};
    require "$here/steps.pl";
    umask 022;
    my @groups = items('cgroups', "\n");
    my @namespaces = items('namespaces', "\n");
    my @argv = items('argv', "\0");
    my %env = map { split(/=/, $_, 2) } items('env', "\0");
    my @steps = -e "$directory/steps" ? items('steps', "\0") : ();
    keep_nothing_open();
    for my $group (@groups) {
        open(my $procs, '>', "$group/cgroup.procs") or die "launcher: $group: $!\n";
        syswrite($procs, $$) or die "launcher: $group: $!\n";
    }
    Steps::isolate(@namespaces);
    Steps::perform(@steps);
    return sub {
        %ENV = %env;
        sigprocmask(SIG_SETMASK, POSIX::SigSet->new);
        $SIG{$_} = 'DEFAULT' for qw(PIPE HUP INT QUIT TERM CHLD WINCH);    # the monitor ignores some of them
        no warnings 'exec';    # said once is enough
        exec { $argv[0] } @argv or do { print STDERR "launcher: $argv[0]: $!\n"; exit 127 };
    };
}

# What its starter has open and did not mean to hand on; what perl opens closes by itself.
sub keep_nothing_open {
    opendir(my $open, '/proc/self/fd') or die "launcher: /proc/self/fd: $!\n";
    for my $number (grep { /^\d+$/ && $_ > 2 } readdir $open) {
        open(my $handle, '<&=', $number) or next;
        fcntl($handle, F_SETFD, FD_CLOEXEC);
        push @kept, $handle;    # closing it here would close it under readdir
    }
}

# Opened early, for behind the walls it cannot be.
sub pid_file {
    my $file = $option{'--pid-file'} or return;
    open(my $out, '>', $file) or die "launcher: $file: $!\n";
    return $out;
}

sub lines {
    my ($file) = @_;
    open(my $in, '<', $file) or die "launcher: $file: $!\n";
    return map { chomp; $_ } <$in>;
}

sub items {
    my ($name, $separator) = @_;
    open(my $in, '<', "$directory/$name") or die "launcher: $directory/$name: $!\n";
    local $/;
    my $text = <$in> // '';
    # Of every item the end is marked, so that the last one may be empty too.
    return map { substr($_, 0, -length $separator) } $text =~ /\G(.*?\Q$separator\E)/gs;
}
