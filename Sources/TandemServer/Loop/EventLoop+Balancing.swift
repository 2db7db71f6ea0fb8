internal import CTandemSystem
internal import Synchronization

extension EventLoop {
    /// Once a window: tells how busy the loop was, and gives a connection away if another loop has
    /// much more time.
    mutating func balance() {
        guard group.mailboxes.count > 1 else { return }
        let now = tandemsys_monotonic_ns()
        let window = balancer.window
        guard let ended = balancer.endWindow(at: now) else { return }
        counters.publish(load: ended.load, at: now)
        guard drainDeadline == nil else { return }
        var target = index
        var least = ended.load
        for other in group.mailboxes.indices where other != index {
            let load = group.mailboxes[other].load(at: now)
            if load < least { (target, least) = (other, load) }
        }
        guard
            LoadBalancer.shouldMove(
                load: ended.load, activeCount: ended.activeCount, to: least)
        else { return }
        let movable = slots.indices.first { slot in
            slots[slot].pointee.activeWindow == window && isMovable(slots[slot])
        }
        if let movable { move(movable, to: target) }
    }

    /// Whether a connection has nothing under way.
    private func isMovable(_ connection: UnsafeMutablePointer<Connection>) -> Bool {
        connection.pointee.descriptor >= 0 && !connection.pointee.isReady
            && connection.pointee.state.isQuiet
    }

    private mutating func move(_ slot: Int, to target: Int) {
        let connection = slots[slot]
        let descriptor = connection.pointee.descriptor
        tandemsys_epoll_remove(epoll, descriptor)
        let door = connection.pointee.door
        release(slot)
        group.mailboxes[target].connectionCount.add(1, ordering: .relaxed)
        group.mailboxes[target].post(.adopt(descriptor: descriptor, door: door))
    }
}
