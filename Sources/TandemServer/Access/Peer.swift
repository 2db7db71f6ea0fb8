internal import CTandemSystem
internal import Synchronization

/// Who is at the other end of a connection, as the kernel saw it when it was made.
package struct PeerIdentity: Hashable, Sendable {
    /// The user.
    package let uid: UInt32
    /// The group, and then the other groups.
    package let gids: [UInt32]

    /// An identity.
    package init(uid: UInt32, gids: [UInt32]) {
        self.uid = uid
        self.gids = gids
    }

    /// Asks the kernel (SO_PEERCRED, SO_PEERGROUPS); nil if it does not say.
    init?(descriptor: Int32) {
        var peer = tandemsys_peer()
        guard tandemsys_peer_of(descriptor, &peer) == 0 else { return nil }
        var others = [UInt32](repeating: 0, count: 64)
        let count = tandemsys_peer_groups(descriptor, &others, Int32(others.count))
        self.init(uid: peer.uid, gids: [peer.gid] + others.prefix(max(0, Int(count))))
    }
}

/// What a user has in flight, over all connections and loops.
///
/// Touched only for calls that wait; a call that is answered at once is never in flight.
package final class PeerAccount: Sendable {
    /// The user.
    package let uid: UInt32
    private let calls = Atomic<Int>(0)
    private let bytes = Atomic<Int>(0)

    init(uid: UInt32) { self.uid = uid }

    /// Calls in flight.
    package var callCount: Int { calls.load(ordering: .relaxed) }

    /// Bytes of their requests.
    package var byteCount: Int { bytes.load(ordering: .relaxed) }

    /// A call is in flight from now on.
    func enter(bytes count: Int) {
        calls.add(1, ordering: .relaxed)
        bytes.add(count, ordering: .relaxed)
    }

    /// A call is over.
    func leave(bytes count: Int) {
        calls.subtract(1, ordering: .relaxed)
        bytes.subtract(count, ordering: .relaxed)
    }
}

/// The peer of one connection.
package final class Peer: Sendable {
    /// Who it is; nil where the kernel did not say.
    package let identity: PeerIdentity?
    /// What its user has in flight.
    package let account: PeerAccount

    init(_ identity: PeerIdentity?, _ account: PeerAccount) {
        self.identity = identity
        self.account = account
    }
}

/// The accounts of all users that have a connection open.
package final class PeerAccounts: Sendable {
    private struct Row {
        let account: PeerAccount
        var connections = 0
    }

    private let rows = Locked<[UInt32: Row]>([:])

    /// Nobody is connected.
    package init() {}

    /// A connection was made; `leave` must follow.
    func enter(_ identity: PeerIdentity?) -> Peer {
        // Who is unknown shares one account: (uid_t)-1 is nobody's.
        let uid = identity?.uid ?? .max
        let account = rows.withLock { rows in
            var row = rows[uid] ?? Row(account: PeerAccount(uid: uid))
            row.connections += 1
            rows[uid] = row
            return row.account
        }
        return Peer(identity, account)
    }

    /// The connection ended.
    func leave(_ peer: Peer) {
        rows.withLock { rows in
            guard var row = rows[peer.account.uid] else { return }
            row.connections -= 1
            rows[peer.account.uid] = row.connections > 0 ? row : nil
        }
    }
}
