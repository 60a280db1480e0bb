# Runs Docker's client and ends as it does; makes MARK when the container lacked memory.
#
#   perl docker.pl MARK NAME GROUPS CLIENT ARGUMENT...
#
# Docker takes a container's control group away with it, and the kernel's count of what ended for want of memory, and
# often misses it itself: by the time it looks, the group is gone. GROUPS is the directory of version 1's `memory` in which
# Docker makes the group of NAME's container; empty where the groups above keep the count (version 2).
use strict;
use warnings;
use POSIX qw(uname);

my ($mark, $name, $groups, @client) = @ARGV;
pipe(my $ended, my $alive) or die "docker: pipe: $!\n";
my $pid = fork() // die "docker: fork: $!\n";
if ($pid == 0) {
    # Open in the client for as long as it lives: the other end tells when it does not.
    fcntl $alive, 2, 0;
    exec { $client[0] } @client or do { print STDERR "docker: $client[0]: $!\n"; exit 127 };
}
close $alive;
my $lacked = $groups ne '' && lacked_memory();
waitpid $pid, 0;
my $status = $?;
if ($lacked || by_word_of_docker()) {
    open my $file, '>', $mark or warn "docker: $mark: $!\n";
}
exit($status & 127 ? 128 + ($status & 127) : $status >> 8);

# The kernel's notifications: one for each want of memory, and one when the group goes (cgroup-v1/memory.rst, 9 and 10).
sub lacked_memory {
    my $group = group_of_container() // return 0;
    my $events = events_of($group) // return 0;
    return 1 if kills_in($group);
    my $count = 0;
    while (-d $group) {
        my $ready = ready(undef, $events, $ended);
        last if !$ready->{fileno $events};
        $count += number_of($events);
        return 1 if -d $group;
    }
    $count += number_of($events) if ready(0.2, $events)->{fileno $events};
    return $count > 1;
}

# Beside the client's own, the only one there; undefined when the client has ended without making one.
sub group_of_container {
    for (;;) {
        my ($group) = grep { -d && !m{/client$} } glob "$groups/*";
        return $group if defined $group;
        return undef if ready(0.02, $ended)->{fileno $ended};
    }
}

sub events_of {
    my ($group) = @_;
    my ($number) = { x86_64 => 290, aarch64 => 19 }->{(uname())[4]} // return undef; # eventfd2(2)
    my $descriptor = syscall $number, 0, 02000000;
    open my $events, '+<&=', $descriptor or return undef;
    open my $memory, '<', "$group/memory.oom_control" or return undef;
    open my $control, '>', "$group/cgroup.event_control" or return undef;
    syswrite $control, $descriptor . ' ' . fileno($memory) or return undef;
    return $events;
}

sub kills_in {
    my ($group) = @_;
    open my $lines, '<', "$group/memory.oom_control" or return 0;
    return scalar grep { /^oom_kill [1-9]/ } <$lines>;
}

sub number_of {
    my ($events) = @_;
    sysread $events, my $bytes, 8 or return 0;
    return unpack 'Q', $bytes;
}

# Which of the files can be read, after so many seconds at the most.
sub ready {
    my ($seconds, @files) = @_;
    my $wanted = '';
    vec($wanted, fileno $_, 1) = 1 for @files;
    my $readable = $wanted;
    select($readable, undef, undef, $seconds) > 0 or return {};
    return { map { (fileno $_ => 1) x vec($readable, fileno $_, 1) } @files };
}

sub by_word_of_docker {
    my ($program) = @client;
    my $word = `'$program' inspect --type=container --format='{{.State.OOMKilled}}' '$name' 2>&1`;
    return $word eq "true\n";
}
