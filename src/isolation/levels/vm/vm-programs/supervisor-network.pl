# The network of a virtual machine: the sandbox's own namespace hands on what comes to its address. The guest has the
# very address that the host knows the sandbox by; the namespace answers ARP on both sides, and spoofed packets end in it.
use strict;
use warnings;

# Gives the tap device, for qemu. The link to the host is there already, with the address at its end.
sub make_network {
    my ($host, $guest) = @_;
    my ($address, $gateway) = map { $guest->{$_}[0] } qw(address gateway);
    my $tap = make_tap();
    my $has_route = $guest->{route}[0];
    feed_program(['ip', '-batch', '-'],
        'link set dev tap0 up', 'address flush dev eth0', "route replace $gateway/32 dev eth0",
        "route replace $address/32 dev tap0", $has_route ? "route replace default via $gateway dev eth0" : ());
    set_kernel();
    my $port = $host->{port}[0];
    # In place of the rule that leads to the namespace itself.
    feed_program(['nft', '-f', '-'], 'flush ruleset', $port == 80 ? () : "table ip berth {
        chain incoming {
            type nat hook prerouting priority -100;
            iifname eth0 ip daddr $address tcp dport 80 dnat to $address:$port
        }
    }");
    return $tap;
}

sub make_tap {
    sysopen(my $tap, '/dev/net/tun', 2) or die "supervisor: /dev/net/tun: $!\n";
    my $wanted = pack('a16 S x22', 'tap0', 0x5002);    # tap, no packet information, headers of virtio
    ioctl($tap, 0x400454ca, $wanted) or die "supervisor: the tap device: $!\n";    # TUNSETIFF
    return $tap;
}

sub set_kernel {
    my %setting = ('ipv4/ip_forward' => 1, 'ipv4/conf/tap0/rp_filter' => 1);
    for my $device (qw(eth0 tap0)) {
        $setting{"ipv4/conf/$device/proxy_arp"} = 1;
        $setting{"ipv4/neigh/$device/proxy_delay"} = 0;
    }
    # Its neighbours would be reachable without a route.
    if (-e '/proc/sys/net/ipv6') { $setting{"ipv6/conf/$_/disable_ipv6"} = 1 for qw(all default) }
    write_file("/proc/sys/net/$_", $setting{$_}) for keys %setting;
}

sub feed_program {
    my ($argv, @lines) = @_;
    open(my $program, '|-', @$argv) or die "supervisor: $argv->[0]: $!\n";
    print $program map { "$_\n" } @lines;
    close $program or die "supervisor: `@$argv` has failed\n";
}

1;
