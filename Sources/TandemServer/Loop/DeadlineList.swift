/// Deadlines that all lie the same time ahead, so that the order of arrival is the order of expiry.
///
/// A doubly linked list threaded through an array by slot number: adding, moving to the back and
/// removing are O(1) and the next deadline is the first link's. A heap would cost O(log n) for
/// nothing. One list per kind of timeout. Allocates only when a slot number is larger than any
/// before.
package struct DeadlineList {
    private struct Link {
        var previous: Int32 = -1
        var next: Int32 = -1
        var deadline: UInt64 = 0
        var isListed = false
    }

    private let duration: UInt64
    private var links: [Link] = []
    private var first: Int32 = -1
    private var last: Int32 = -1

    /// An empty list of deadlines `duration` nanoseconds ahead.
    package init(duration: UInt64) { self.duration = duration }

    /// When the first deadline is, or nil if none is set.
    package var next: UInt64? { first < 0 ? nil : links[Int(first)].deadline }

    /// Whether a slot has a deadline.
    package func contains(_ slot: Int) -> Bool { slot < links.count && links[slot].isListed }

    /// Sets a slot's deadline from now, in place of the one it had.
    package mutating func set(_ slot: Int, now: UInt64) {
        clear(slot)
        while links.count <= slot { links.append(Link()) }
        let (deadline, overflow) = now.addingReportingOverflow(duration)
        links[slot] = Link(
            previous: last, next: -1, deadline: overflow ? .max : deadline, isListed: true)
        if last >= 0 { links[Int(last)].next = Int32(slot) } else { first = Int32(slot) }
        last = Int32(slot)
    }

    /// Removes a slot's deadline, if it has one.
    package mutating func clear(_ slot: Int) {
        guard contains(slot) else { return }
        let link = links[slot]
        if link.previous >= 0 {
            links[Int(link.previous)].next = link.next
        } else {
            first = link.next
        }
        if link.next >= 0 {
            links[Int(link.next)].previous = link.previous
        } else {
            last = link.previous
        }
        links[slot] = Link()
    }

    /// Removes and returns the first slot whose deadline has come, or nil.
    package mutating func popExpired(now: UInt64) -> Int? {
        guard first >= 0, links[Int(first)].deadline <= now else { return nil }
        let slot = Int(first)
        clear(slot)
        return slot
    }
}
