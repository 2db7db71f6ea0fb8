internal import CTandemSystem
internal import Glibc
internal import TandemWire

extension EventLoop {
    /// Does all that can be done for a connection now: reads once, serves a turn's worth of frames,
    /// sends what fits, and closes it when it is over.
    mutating func advance(_ slot: Int, events: UInt32) {
        let connection = slots[slot]
        // A peer that is gone altogether can take no answer. What it asked of the admin socket in
        // its last breath (a drain, say) is done all the same.
        let isGone = events & tandemsys_epoll_hangup != 0
        if isGone && connection.pointee.door == .data { return close(slot) }
        if events & (tandemsys_epoll_in | tandemsys_epoll_hangup) != 0,
            connection.pointee.state.wantsToRead(limits)
        {
            guard receive(connection) else { return close(slot) }
            callIfLong()
        }
        if connection.pointee.state.output.base == nil {
            connection.pointee.state.output = pool.borrow()
        }
        serveFrames(slot, connection)
        guard !isGone, send(slot, connection) else { return close(slot) }
        // The turn's count was used up, or sending made room for frames that were held.
        if connection.pointee.state.hasWork(reader, limits) { markReady(slot, connection) }
        if connection.pointee.state.isOver { return close(slot) }
        settle(slot, connection)
    }

    /// Gives a later answer to its connection, if that is still there.
    mutating func deliver(_ message: Service.Message, to caller: Caller) {
        let slot = caller.slot
        guard
            slots.indices.contains(slot), slots[slot].pointee.descriptor >= 0,
            slots[slot].pointee.serial == caller.serial
        else { return }
        let connection = slots[slot]
        guard connection.pointee.state.settle(caller.requestID) else { return }
        if connection.pointee.state.output.base == nil {
            connection.pointee.state.output = pool.borrow()
        }
        service.deliver(message, caller, &connection.pointee.state)
        advance(slot, events: 0)
    }

    /// Works on calls that wait, until it is time to poll the sockets again.
    ///
    /// At least one piece of work is done, however long that takes.
    mutating func work() {
        let end = tandemsys_monotonic_ns() &+ Self.pollNanoseconds
        repeat {
            switch service.work() {
            case .idle: return
            case .progressed: break
            case .finished(let caller, let token): finish(caller, token)
            }
        } while service.isBusy && tandemsys_monotonic_ns() < end
    }

    private mutating func finish(_ caller: Caller, _ token: Int) {
        let connection = slots[caller.slot]
        guard
            connection.pointee.descriptor >= 0, connection.pointee.serial == caller.serial,
            connection.pointee.state.settle(caller.requestID)
        else { return service.discard(token) }
        if connection.pointee.state.output.base == nil {
            connection.pointee.state.output = pool.borrow()
        }
        service.handOver(token, &connection.pointee.state)
        advance(caller.slot, events: 0)
    }

    /// Ends a connection whose frame took too long to arrive, after saying so.
    mutating func refuseHalfFrame(_ slot: Int) {
        let connection = slots[slot]
        guard connection.pointee.descriptor >= 0 else { return }
        let milliseconds = limits.frameStallNanoseconds / 1_000_000
        var detail = StatusDetail(reason: "FRAME_STALLED")
        detail.limit = "frame_stall_ms"
        detail.bound = Int64(clamping: milliseconds)
        detail.actual = Int64(connection.pointee.state.input.count)
        if connection.pointee.state.output.base == nil {
            connection.pointee.state.output = pool.borrow()
        }
        service.refuse(
            WireStatus(
                .deadlineExceeded,
                "half a frame came and then no rest for \(milliseconds) ms; send frames whole",
                details: [detail]),
            &connection.pointee.state.output)
        connection.pointee.state.breakOff()
        advance(slot, events: 0)
    }

    /// Closes a connection and frees its slot.
    mutating func close(_ slot: Int) {
        let connection = slots[slot]
        guard connection.pointee.descriptor >= 0 else { return }
        if !connection.pointee.state.inFlight.isEmpty {
            service.forget(slot: slot, serial: connection.pointee.serial)
        }
        // Closing takes it out of the epoll: the descriptor was never duplicated.
        Glibc.close(connection.pointee.descriptor)
        if !connection.pointee.state.isOwn { group.leave(connection.pointee.door) }
        release(slot)
    }

    /// Frees the slot of a connection that was closed.
    private mutating func release(_ slot: Int) {
        let connection = slots[slot]
        let isOwn = connection.pointee.state.isOwn
        if let peer = connection.pointee.state.peer { group.accounts.leave(peer) }
        frameDeadlines.clear(slot)
        sendDeadlines.clear(slot)
        pool.giveBack(&connection.pointee.state.input)
        pool.giveBack(&connection.pointee.state.output)
        connection.pointee.descriptor = -1
        connection.pointee.isReady = false
        connection.pointee.state = ConnectionState()
        freeSlots.append(slot)
        openCount -= 1
        if !isOwn { counters.leave() }
    }

    // MARK: Steps

    /// Reads once.
    ///
    /// False if the connection broke.
    private mutating func receive(_ connection: UnsafeMutablePointer<LoopConnection>) -> Bool {
        if connection.pointee.state.input.base == nil {
            connection.pointee.state.input = pool.borrow()
        }
        // Doubling, whatever the frame's prefix declares: memory follows bytes that really came.
        let room = connection.pointee.state.input.reserve(
            max(16 << 10, connection.pointee.state.input.count))
        let count = tandemsys_receive(
            connection.pointee.descriptor, room.baseAddress, room.count)
        if count > 0 {
            connection.pointee.state.received(count, of: room.count)
            counters.addReceived(count)
            return true
        }
        if count == 0 || count == -Int(EAGAIN) {
            connection.pointee.state.socketIsEmpty(peerEnded: count == 0)
            return true
        }
        return false
    }

    private mutating func serveFrames(
        _ slot: Int, _ connection: UnsafeMutablePointer<LoopConnection>
    ) {
        for _ in 0..<limits.framesPerTurn {
            switch connection.pointee.state.nextStep(reader, limits) {
            case .wait, .held: return
            case .broken(let error):
                service.refuse(error.status, &connection.pointee.state.output)
                connection.pointee.state.breakOff()
                return
            case .frame(let payload):
                let bytes = UnsafeRawBufferPointer(
                    rebasing: connection.pointee.state.input.bytes[payload])
                let caller = Caller(
                    slot: slot, serial: connection.pointee.serial, loop: index,
                    door: connection.pointee.door)
                let outcome = service.serve(bytes, caller, &connection.pointee.state)
                if case .later(let id, let byteCount) = outcome {
                    connection.pointee.state.owe(id, byteCount: byteCount)
                }
                connection.pointee.state.frameServed(end: payload.upperBound)
            }
        }
    }

    /// Sends what fits.
    ///
    /// False if the connection broke.
    private mutating func send(
        _ slot: Int, _ connection: UnsafeMutablePointer<LoopConnection>
    ) -> Bool {
        while !connection.pointee.state.output.isEmpty {
            let bytes = connection.pointee.state.output.bytes
            let count = tandemsys_send(
                connection.pointee.descriptor, bytes.baseAddress, bytes.count)
            if count == -Int(EAGAIN) {
                if !sendDeadlines.contains(slot) {
                    sendDeadlines.set(slot, now: tandemsys_monotonic_ns())
                }
                return true
            }
            guard count >= 0 else { return false }
            counters.addSent(count)
            connection.pointee.state.output.consume(count)
            // Progress: the stall's clock starts again.
            sendDeadlines.clear(slot)
        }
        return true
    }

    private mutating func markReady(
        _ slot: Int, _ connection: UnsafeMutablePointer<LoopConnection>
    ) {
        guard !connection.pointee.isReady else { return }
        connection.pointee.isReady = true
        ready.append(slot)
    }

    /// Gives idle memory back, sets timers and what epoll waits for.
    private mutating func settle(_ slot: Int, _ connection: UnsafeMutablePointer<LoopConnection>) {
        if connection.pointee.state.input.isEmpty { pool.giveBack(&connection.pointee.state.input) }
        if connection.pointee.state.output.isEmpty {
            pool.giveBack(&connection.pointee.state.output)
        }
        if connection.pointee.state.hasPartialFrame {
            if !frameDeadlines.contains(slot) {
                frameDeadlines.set(slot, now: tandemsys_monotonic_ns())
            }
        } else {
            frameDeadlines.clear(slot)
        }
        var interest: UInt32 = 0
        if connection.pointee.state.wantsToRead(limits) { interest |= tandemsys_epoll_in }
        if connection.pointee.state.wantsToWrite { interest |= tandemsys_epoll_out }
        if interest != connection.pointee.interest {
            connection.pointee.interest = interest
            _ = tandemsys_epoll_modify(
                sockets.epoll, connection.pointee.descriptor, interest, token(slot))
        }
        offerIfQuiet(slot)
    }
}
