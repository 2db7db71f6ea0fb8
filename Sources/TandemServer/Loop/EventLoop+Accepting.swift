internal import CTandemSystem
internal import Glibc
internal import TandemWire

extension EventLoop {
    /// Waits on the listeners.
    ///
    /// Each connection wakes one loop, not all (EPOLLEXCLUSIVE).
    static func listen(
        _ group: LoopGroup<Service.Message>, _ epoll: Int32
    ) throws(ServerError) {
        for (position, listener) in group.listeners.enumerated() {
            let result = tandemsys_epoll_add(
                epoll, listener.descriptor, tandemsys_epoll_in | tandemsys_epoll_exclusive,
                UInt64(position) + 1)
            guard result >= 0 else {
                throw LoopSockets.failure("wait for connections", result)
            }
        }
    }

    /// Waits on the listeners after a rest; rests once more if there is no memory for it.
    mutating func listenAgain(at now: UInt64) {
        do throws(ServerError) {
            try Self.listen(group, sockets.epoll)
        } catch {
            stopListening()
            acceptResumesAt = now &+ limits.acceptPauseNanoseconds
        }
    }

    /// Stops waiting on the listeners.
    mutating func stopListening() {
        for listener in group.listeners {
            tandemsys_epoll_remove(sockets.epoll, listener.descriptor)
        }
    }

    /// Accepts what waits, up to a count, so that a storm of connects does not starve requests.
    mutating func accept(_ listener: Listener) {
        for _ in 0..<16 {
            let descriptor = tandemsys_accept(listener.descriptor)
            if descriptor == -EMFILE || descriptor == -ENFILE || descriptor == -ENOMEM
                || descriptor == -ENOBUFS
            {
                // Level-triggered: without a rest the loop would spin on a connection that it
                // cannot take. The queue holds it meanwhile.
                stopListening()
                acceptResumesAt = tandemsys_monotonic_ns() + limits.acceptPauseNanoseconds
                return
            }
            guard descriptor >= 0 else { return }
            counters.addAccepted()
            guard group.admit(listener.door) else {
                turnAway(descriptor, listener.door)
                continue
            }
            let chosen = group.chooseLoop(own: index)
            if chosen == index {
                adopt(descriptor, listener.door)
            } else {
                group.mailboxes[chosen].post(.adopt(descriptor: descriptor, door: listener.door))
            }
        }
    }

    /// Takes an accepted connection into a slot; at an own one's other end is the daemon itself.
    mutating func adopt(_ descriptor: Int32, _ door: Door, isOwn: Bool = false) {
        let slot = freeSlots.popLast() ?? makeSlot()
        let connection = slots[slot]
        connection.pointee.state = ConnectionState()
        connection.pointee.state.isOwn = isOwn
        connection.pointee.state.peer = group.accounts.enter(
            PeerIdentity(descriptor: descriptor))
        connection.pointee.descriptor = descriptor
        connection.pointee.door = door
        guard watch(slot) else { return }
        if drainDeadline != nil {
            // It was on its way from another loop when draining began.
            connection.pointee.state.drain()
            advance(slot, events: tandemsys_epoll_in)
        } else {
            offerIfQuiet(slot)
        }
    }

    /// Waits for what the connection in a slot that was free will ask.
    ///
    /// - Returns: False if that is not possible; the connection is closed then.
    mutating func watch(_ slot: Int) -> Bool {
        let connection = slots[slot]
        connection.pointee.serial = nextSerial
        connection.pointee.interest = tandemsys_epoll_in
        connection.pointee.isReady = false
        nextSerial &+= 1
        openCount += 1
        let result = tandemsys_epoll_add(
            sockets.epoll, connection.pointee.descriptor, tandemsys_epoll_in, token(slot))
        if result < 0 { close(slot) }
        return result >= 0
    }

    /// What epoll reports for a slot.
    func token(_ slot: Int) -> UInt64 { ConnectionToken.make(slot, slots[slot].pointee.serial) }

    /// A slot more.
    mutating func makeSlot() -> Int {
        let connection = UnsafeMutablePointer<LoopConnection>.allocate(capacity: 1)
        connection.initialize(to: LoopConnection())
        slots.append(connection)
        sockets.place(connection, in: slots.count - 1)
        freeSlots.reserveCapacity(slots.count)
        ready.reserveCapacity(slots.count)
        return slots.count - 1
    }

    /// Says why a connection over the limit is not taken, then closes it.
    private mutating func turnAway(_ descriptor: Int32, _ door: Door) {
        let name = door == .data ? "connections_max" : "admin_connections_max"
        let bound = group.connectionsMax(door)
        var detail = StatusDetail(reason: "CONNECTIONS_EXHAUSTED")
        detail.limit = name
        detail.bound = Int64(bound)
        var output = pool.borrow()
        service.refuse(
            WireStatus(
                .resourceExhausted,
                "\(bound) connections are open, which is \(name); close some or raise the limit",
                details: [detail]),
            &output)
        _ = tandemsys_send(descriptor, output.bytes.baseAddress, output.count)
        pool.giveBack(&output)
        Glibc.close(descriptor)
    }

    /// Stops accepting, tells every connection, and closes those that are idle.
    mutating func drain(until deadline: UInt64) {
        guard drainDeadline == nil else { return }
        drainDeadline = deadline
        if acceptResumesAt == nil { stopListening() }
        acceptResumesAt = nil
        service.drain()
        let now = tandemsys_monotonic_ns()
        for slot in slots.indices where sockets.withdraw(slot) {
            let connection = slots[slot]
            guard connection.pointee.descriptor >= 0 else { continue }
            if connection.pointee.state.output.base == nil {
                connection.pointee.state.output = pool.borrow()
            }
            service.sayGoodbye(
                closesIn: deadline > now ? deadline - now : 0, &connection.pointee.state.output)
            connection.pointee.state.drain()
            // One read more: what was sent before the goodbye is answered.
            advance(slot, events: tandemsys_epoll_in)
        }
    }
}
