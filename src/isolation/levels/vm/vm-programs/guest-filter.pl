# A filter between the application and the guest's kernel (seccomp(2)). The kernel is the application's own already; this
# keeps programs from finding here what they would not find at other levels, and closes the doors most often broken.
use strict;
use warnings;

my ($load, $equal, $return, $at_least) = (0x20, 0x15, 0x06, 0x35);
my ($allowed, $refused) = (0x7fff0000, 0x00050000);
my ($no_permission, $no_call, $no_family) = (1, 38, 97);
my $netlink = 16;
my @families = (1, 2, 10);    # local, IPv4, IPv6; of netlink, only what tells of routes
# bpf, keyrings, performance events, userfaultfd, io_uring, handles of files, other processes' memory, namespaces, mounts
my @forbidden = (
    321, 248 .. 250, 298, 323, 425 .. 427, 303, 304, 310, 311, 101, 272, 308, 165, 166, 155, 161, 428 .. 433, 442,
    175, 313, 176, 246, 320, 169, 167, 168, 103, 163,
);

# Where a kernel has this, files in memory cannot be executed (guest-tree.pl); where not, there are none: programs could
# be run from them, and from nothing else that can be written.
my $memory_programs = '/proc/sys/vm/memfd_noexec';

sub filter_calls {
    my @program;
    my $step = sub { push @program, pack('S C C L', @_) };
    my $refuse = sub { my ($code) = @_; $step->($return, 0, 0, $refused | $code) };
    $step->($load, 0, 0, 4);                           # the architecture
    $step->($equal, 1, 0, 0xc000003e);
    $refuse->($no_call);
    $step->($load, 0, 0, 0);                           # the number of the call
    $step->($at_least, 0, 1, 0x40000000);              # the other calls of x86-64 (x32)
    $refuse->($no_call);
    for my $number (@forbidden) { $step->($equal, 0, 1, $number); $refuse->($no_permission) }
    $step->($equal, 0, 1, 435);                        # clone3: its flags cannot be looked at, and clone does as well
    $refuse->($no_call);
    if (!-e $memory_programs) { $step->($equal, 0, 1, 319); $refuse->($no_call) }    # memfd_create
    $step->($equal, 1, 0, 41);                         # socket
    $step->($return, 0, 0, $allowed);
    $step->($load, 0, 0, 16);                          # its family
    for my $family (@families) { $step->($equal, 0, 1, $family); $step->($return, 0, 0, $allowed) }
    $step->($equal, 1, 0, $netlink);
    $refuse->($no_family);
    $step->($load, 0, 0, 32);                          # its protocol
    $step->($equal, 0, 1, 0);
    $step->($return, 0, 0, $allowed);
    $refuse->($no_family);
    my $all = join '', @program;
    my $whole = pack('S x6 P', scalar(@program), $all);
    call('prctl', 22, 2, $whole, 0, 0);                # PR_SET_SECCOMP, SECCOMP_MODE_FILTER
}

1;
