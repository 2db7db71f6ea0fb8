internal import CTandemSystem
internal import Synchronization
internal import TandemRequest

extension EventLoop {
    /// Takes a connection on which something arrived from a loop that is busy, and serves it.
    ///
    /// - Returns: Whether there was one.
    mutating func relieve(_ batch: inout [tandemsys_ready], at now: UInt64) -> Bool {
        guard hasOthers, drainDeadline == nil else { return false }
        for position in group.sockets.indices where position != index {
            let other = group.sockets[position]
            guard !other.isIdle else { continue }
            let slot = freeSlots.popLast() ?? makeSlot()
            guard other.take(at: now, &batch, into: slots[slot]) else {
                freeSlots.append(slot)
                continue
            }
            group.mailboxes[other.index].connectionCount.subtract(1, ordering: .relaxed)
            counters.connectionCount.add(1, ordering: .relaxed)
            if sockets.isIdle { resume(at: now) }
            slots[slot].pointee.state.turn = CallQueue.Turn()
            service.refresh()
            if watch(slot) { advance(slot, events: tandemsys_epoll_in) }
            return true
        }
        return false
    }

    /// Lets other loops take a connection of which nothing is under way.
    mutating func offerIfQuiet(_ slot: Int) {
        let connection = slots[slot]
        guard
            hasOthers, drainDeadline == nil, connection.pointee.door == .data,
            !connection.pointee.isReady, connection.pointee.state.isQuiet
        else { return }
        sockets.offer(slot, serial: connection.pointee.serial)
    }

    /// Frees the slots of connections that other loops took.
    mutating func reclaimSlots() {
        sockets.reclaim { slot in
            freeSlots.append(slot)
            openCount -= 1
        }
    }
}
