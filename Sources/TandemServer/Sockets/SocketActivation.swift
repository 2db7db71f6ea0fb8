internal import CTandemSystem
internal import Glibc

/// Which of the two sockets a listener or connection belongs to.
package enum Door: UInt8, CaseIterable, Sendable {
    /// Predict, health and metadata.
    case data
    /// Load, unload, index, statistics.
    case admin

    /// The name in LISTEN_FDNAMES and in messages.
    package var name: String {
        switch self {
        case .data: "data"
        case .admin: "admin"
        }
    }
}

/// Sockets that the service manager bound before it started us, as sd_listen_fds(3) describes them.
///
/// Descriptors named `data` and `admin` go to those doors. Others (the manager's default name is
/// the socket unit's) fill the doors still free in the order data, admin, so that one plain socket
/// unit just works. Descriptors whose name begins with `shard-` are no sockets: the process before
/// this one left them in the manager's store.
package struct SocketActivation: Sendable {
    /// Listening descriptor by door; empty if none were passed.
    package let descriptors: [Door: Int32]
    /// Stored descriptors and their names; owned by whoever takes them.
    package let stored: [(name: String, descriptor: Int32)]

    /// How names of stored descriptors begin.
    package static let storedPrefix = "shard-"

    /// The most descriptors that a manager may pass.
    private static let countMax: Int32 = 1 << 20

    /// Reads the environment.
    ///
    /// - Parameters:
    ///   - environment: Looks up a variable.
    ///   - pid: This process; descriptors meant for another one are not ours.
    ///   - firstDescriptor: Where passed descriptors begin.
    /// - Throws: `ServerError.activationInvalid` for a count that is no number, more sockets than
    ///   doors, or a descriptor that is no listening Unix stream socket.
    package init(
        environment: (String) -> String?, pid: Int32 = getpid(), firstDescriptor: Int32 = 3
    ) throws(ServerError) {
        guard let countText = environment("LISTEN_FDS"),
            environment("LISTEN_PID").flatMap(Int32.init) == pid
        else {
            descriptors = [:]
            stored = []
            return
        }
        guard let count = Int32(countText), (0...Self.countMax).contains(count) else {
            throw Self.wrongCount(countText)
        }
        let names = (environment("LISTEN_FDNAMES") ?? "").split(
            separator: ":", omittingEmptySubsequences: false)
        var byDoor: [Door: Int32] = [:]
        var unnamed: [Int32] = []
        var stored: [(name: String, descriptor: Int32)] = []
        for index in 0..<count {
            let descriptor = firstDescriptor + index
            let name = Int(index) < names.count ? String(names[Int(index)]) : ""
            if name.hasPrefix(Self.storedPrefix) {
                stored.append((name, descriptor))
                continue
            }
            guard tandemsys_is_listening_unix_stream(descriptor) else {
                throw ServerError(
                    .activationInvalid,
                    "descriptor \(descriptor) from the service manager is not a listening Unix "
                        + "stream socket; use ListenStream= with a path in the socket unit")
            }
            if let door = Door.allCases.first(where: { $0.name == name }), byDoor[door] == nil {
                byDoor[door] = descriptor
            } else {
                unnamed.append(descriptor)
            }
        }
        guard byDoor.count + unnamed.count <= Door.allCases.count else {
            throw Self.wrongCount(countText)
        }
        for door in Door.allCases where byDoor[door] == nil && !unnamed.isEmpty {
            byDoor[door] = unnamed.removeFirst()
        }
        descriptors = byDoor
        self.stored = stored
    }

    private static func wrongCount(_ text: String) -> ServerError {
        ServerError(
            .activationInvalid,
            "the service manager passed LISTEN_FDS=\(text); expected 0 to 2 sockets, one for data "
                + "and one for admin")
    }
}

/// The process's environment: the value of a variable, or nil.
package func environmentVariable(_ name: String) -> String? {
    guard let value = getenv(name) else { return nil }
    return String(cString: value)
}
