# The steps by which a process gets a root of its own, and what is mounted in it. Paths of mounts are those that the program
# will see.
package Steps;
use strict;
use warnings;
use Fcntl qw(O_WRONLY O_CREAT O_EXCL O_NOFOLLOW);

my %mount_flags = (ro => 1, nosuid => 2, nodev => 4, noexec => 8);
my ($remount, $bind, $recursive, $unbindable) = (0x20, 0x1000, 0x4000, 0x20000);
my ($o_path, $close_on_exec, $in_root) = (0x200000, 0x80000, 0x10);

# Where the paths of mounts begin: the root to be.
my $root;

# root PATH: the paths of all mounts that follow begin there.
sub step_root { $root = handle_of($_[0]) }

# A file or directory below the root, whose links lead nowhere else; undefined when there is none and that may be.
sub at {
    my ($path, $may_be_missing) = @_;
    my $how = pack('Q3', $o_path | $close_on_exec, 0, $in_root);
    my $number = eval { call($path, 'openat2', fileno $root, my $copy = $path, $how, length $how) };
    if (!defined $number) { return undef if $may_be_missing; die $@ }
    open(my $handle, '<&=', $number) or die "launcher: $path: $!\n";
    return $handle;
}

sub path_of { '/proc/self/fd/' . fileno $_[0] }

sub mount_flags {
    my $flags = 0;
    $flags |= $mount_flags{$_} // die "launcher: there is no mount option $_\n" for grep { $_ ne '-' } split /,/, $_[0];
    return $flags;
}

# mount TYPE TARGET FLAGS DATA: a new file system.
sub step_mount {
    my ($type, $target, $flags, $data) = @_;
    my ($point, $source) = (at($target), $type);
    call("$type on $target", 'mount', $source, path_of($point), $type, mount_flags($flags), $data);
}

# bind SOURCE TARGET FLAGS: what the host has there, with these flags on top of those that it has.
sub step_bind {
    my ($source, $target, $flags) = @_;
    my $point = at($target);
    call("$source on $target", 'mount', $source, path_of($point), 0, $bind, 0);
    return if $flags eq '-';
    my $mounted = at($target);
    call("$source on $target", 'mount', 0, path_of($mounted), 0, $remount | $bind | mount_flags($flags), 0);
}

# cover SOURCE TARGET: the same over a file, where there is one.
sub step_cover {
    my ($source, $target) = @_;
    my $point = at($target, 1) or return;
    call("$source on $target", 'mount', $source, path_of($point), 0, $bind, 0);
}

# directory, file PATH and link PATH TEXT: in a file system that was mounted by a step before.
sub step_directory { mkdir inside($_[0]), 0755 or die "launcher: $_[0]: $!\n" }
sub step_file { touch(inside($_[0])) }

sub step_link {
    my ($path, $text) = @_;
    symlink($text, inside($path)) or die "launcher: $path: $!\n";
}

my @parents;

sub inside {
    my ($parent, $name) = $_[0] =~ m{^(.*)/([^/]+)$};
    push @parents, at($parent || '/');
    return path_of($parents[-1]) . "/$name";
}

sub touch {
    my ($path) = @_;
    sysopen(my $file, $path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0644) or die "launcher: $path: $!\n";
}

# host PATH: makes that directory look like the host's root, as the root of all mounts that follow; things that the host
# does not have can then be put beside what it has.
sub step_host {
    my ($path) = @_;
    compose(handle_of('/'), $path);
    step_root($path);
}

# place PATH: makes a mount point of that name, whatever the host has there.
sub step_place {
    my ($path) = @_;
    my @parts = grep { $_ ne '' } split m{/}, $path;
    my $made = '';
    for my $part (@parts) {
        if (!at("$made/$part", 1)) {
            my $parent = at($made || '/');
            my $where = readlink path_of($parent);
            compose($parent, $where) unless is_composed($where);
            mkdir "$where/$part", 0755 or die "launcher: $path: $!\n";
        }
        $made .= "/$part";
    }
}

# bring TREE NAME: the thing of that name from the root of an image.
sub step_bring {
    my ($tree, $name) = @_;
    my $path = "$tree/$name";
    if (-l $path) {
        step_link("/$name", readlink $path) unless at("/$name", 1);
    } elsif (-d _) {
        step_place("/$name");
        step_bind($path, "/$name", '-');
    } elsif (-e _) {
        step_file("/$name") unless at("/$name", 1);
        step_bind($path, "/$name", '-');
    }
}

my %composed;

sub is_composed {
    my ($path) = @_;
    my $device = (stat $path)[0];
    return grep { $_ == $device } values %composed;
}

# Mounts memory over a directory, and in it all that the directory has.
sub compose {
    my ($from, $onto) = @_;
    my $entries = path_of($from);
    my $mode = sprintf '%o', (stat $entries)[2] & 07777;
    call($onto, 'mount', my $name = 'berth', $onto, my $type = 'tmpfs', mount_flags('nosuid,nodev'), "mode=$mode,size=1m");
    call($onto, 'mount', 0, $onto, 0, $unbindable, 0);    # else it would be found inside of itself
    $composed{$onto} = (stat $onto)[0];
    opendir(my $list, $entries) or die "launcher: $onto: $!\n";
    for my $entry (grep { !/^\.\.?$/ } readdir $list) {
        my ($source, $target) = ("$entries/$entry", "$onto/$entry");
        my $link = readlink $source;
        if (defined $link) { symlink $link, $target; next }
        if (-d $source) { mkdir $target } elsif (-e _) { touch($target) } else { next }
        call($target, 'mount', $source, $target, 0, $bind | $recursive, 0);
    }
}

# chroot: the root to be becomes the root.
sub step_chroot { return_to($root) }

1;
