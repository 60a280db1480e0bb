# Landlock: what a process may do with which files, whatever their owners and modes say (landlock(7)).
package Landlock;
use strict;
use warnings;

# LANDLOCK_ACCESS_FS_*, by the version that brought them.
my ($execute, $write_file, $read_file, $read_directory) = (1, 2, 4, 8);
my ($make_character, $make_block, $refer, $truncate, $device_control) = (1 << 6, 1 << 11, 1 << 13, 1 << 14, 1 << 15);
my $first = (1 << 13) - 1;
my $of_files = $execute | $write_file | $read_file | $truncate | $device_control;

# The rights of a rule, by the word for them in steps.ts.
my %rights = (
    read   => $execute | $read_file | $read_directory,
    write  => ($first | $refer | $truncate) & ~($make_character | $make_block),
    device => $read_file | $write_file | $truncate | $device_control | $read_directory,
);

# Paths that are not there are left out. On a kernel without it, nothing happens: berth has said so beforehand.
sub confine {
    my ($call, @rules) = @_;
    my $version = eval { $call->('landlock', 'ruleset', 0, 0, 1) } // return;
    my $handled = $first;
    $handled |= $refer if $version >= 2;
    $handled |= $truncate if $version >= 3;
    $handled |= $device_control if $version >= 5;
    # From version 6 on also: no signals and no abstract sockets beyond what is confined with it.
    my $attributes = $version >= 6 ? pack('Q3', $handled, 0, 3) : pack('Q', $handled);
    my $ruleset = $call->('landlock', 'ruleset', $attributes, length $attributes, 0);
    while (@rules) {
        my ($word, $path) = splice @rules, 0, 2;
        my $allowed = ($rights{$word} // die "launcher: landlock has no rights called $word\n") & $handled;
        sysopen(my $file, $path, 0x200000) or next;    # O_PATH
        $allowed &= $of_files unless -d $file;
        my $rule = pack('Q l', $allowed, fileno $file);
        $call->("landlock of $path", 'rule', $ruleset, 1, $rule, 0);
    }
    $call->('landlock', 'restrict', $ruleset, 0);
}

1;
