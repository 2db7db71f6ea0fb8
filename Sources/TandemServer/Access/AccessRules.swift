internal import Glibc
internal import TandemNotation

// Design: who may ask what.
//
// The sockets' modes and groups decide who may connect; rules decide what a peer may do then. With
// no rule everything is allowed. With rules, a call is allowed if one rule that the peer matches
// allows it: rules only ever add. A peer is matched once a connection, into a bit mask; a call then
// looks at the rules whose bit is set, so that a daemon with rules pays some nanoseconds a call and
// one without pays none.

/// The kinds of call that a rule can allow.
package struct CallKinds: OptionSet, Hashable, Sendable {
    /// A bit for each kind.
    package let rawValue: UInt8

    /// Takes bits.
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Predict, and cancelling it.
    package static let predict = CallKinds(rawValue: 1)
    /// The model's metadata and readiness.
    package static let metadata = CallKinds(rawValue: 2)
    /// Index and statistics, on the admin socket.
    package static let observe = CallKinds(rawValue: 4)
    /// Load, unload, reload, label and drain, on the admin socket.
    package static let control = CallKinds(rawValue: 8)
    /// All of them.
    package static let all: CallKinds = [.predict, .metadata, .observe, .control]

    static let names: [(name: String, value: CallKinds)] = [
        ("predict", .predict), ("metadata", .metadata), ("observe", .observe),
        ("control", .control),
    ]
}

/// One `[[allow]]` of the configuration: these peers may make these calls on these models.
package struct AccessRule: Hashable, Sendable {
    /// Users that match; nil for any.
    package var uids: Set<UInt32>?
    /// Groups that match, primary or not; nil for any.
    package var gids: Set<UInt32>?
    /// Models: names, or with a `*` at the end what names begin with; nil for any.
    package var models: [String]?
    /// What may be called.
    package var calls: CallKinds = .all

    /// A rule that allows everybody everything.
    package init() {}

    func matches(_ identity: PeerIdentity?) -> Bool {
        guard uids != nil || gids != nil else { return true }
        guard let identity else { return false }
        if let uids, !uids.contains(identity.uid) { return false }
        if let gids, !identity.gids.contains(where: gids.contains) { return false }
        return true
    }

    func allows(_ kind: CallKinds, model: UnsafeRawBufferPointer?) -> Bool {
        guard calls.isSuperset(of: kind) else { return false }
        guard let models, let model else { return true }
        for index in models.indices where Self.matches(models[index], model) { return true }
        return false
    }

    private static func matches(_ pattern: String, _ name: UnsafeRawBufferPointer) -> Bool {
        let bytes = pattern.utf8
        guard bytes.last == UInt8(ascii: "*") else { return name.elementsEqual(bytes) }
        return name.starts(with: bytes.dropLast())
    }
}

/// All rules in force.
package struct AccessRules: Hashable, Sendable {
    /// As they stand in the configuration; empty allows everything.
    package let rules: [AccessRule]

    /// What an `[[allow]]` of the configuration means.
    package static let about = """
        Each [[allow]] lets the peers it matches make some calls: uids, gids, users, groups (all \
        that are given must match), models (names, or beginnings with a * at the end), calls \
        (predict, metadata, observe, control). What is left out matches everything. Without any \
        [[allow]] everything is allowed, with one only what some rule allows. Applies on reload.
        """

    /// Most rules that there can be: a connection remembers a bit for each.
    package static let countMax = 64

    /// Takes rules.
    package init(_ rules: [AccessRule] = []) {
        precondition(rules.count <= Self.countMax, "one bit a rule")
        self.rules = rules
    }

    /// A bit for each rule that a peer matches.
    func mask(_ identity: PeerIdentity?) -> UInt64 {
        var mask: UInt64 = 0
        for index in rules.indices where rules[index].matches(identity) { mask |= 1 << index }
        return mask
    }

    /// Whether one of the rules of a mask allows a call.
    ///
    /// - Complexity: O(rules). Allocates nothing.
    func allow(_ kind: CallKinds, model: UnsafeRawBufferPointer?, mask: UInt64) -> Bool {
        for index in rules.indices where mask & (1 << index) != 0 {
            if rules[index].allows(kind, model: model) { return true }
        }
        return false
    }
}

/// What a connection remembers of the rules: which its peer matches, and of which rules that is.
struct AccessMemo {
    private var mask: UInt64 = 0
    private var generation = 0

    /// Whether the peer may make a call.
    mutating func allows(
        _ kind: CallKinds, model: UnsafeRawBufferPointer?, _ settings: ServiceSettings,
        _ peer: Peer?
    ) -> Bool {
        guard !settings.access.rules.isEmpty else { return true }
        if generation != settings.generation {
            mask = settings.access.mask(peer?.identity)
            generation = settings.generation
        }
        return settings.access.allow(kind, model: model, mask: mask)
    }
}

extension AccessRule {
    /// Reads one `[[allow]]`.
    init(_ table: KeyTable<ServerError>) throws(ServerError) {
        self.init()
        let ids = 0...Int(UInt32.max - 1)
        var uids = try table.integers("uids", in: ids).map { Set($0.map { UInt32($0) }) }
        for name in try table.texts("users") ?? [] {
            guard let entry = getpwnam(name) else {
                throw table.error(
                    .wrongValue, "users", "there is no user '\(name.cutShort)' here",
                    remedy: "give its number in uids")
            }
            uids = (uids ?? []).union([entry.pointee.pw_uid])
        }
        var gids = try table.integers("gids", in: ids).map { Set($0.map { UInt32($0) }) }
        for name in try table.texts("groups") ?? [] {
            guard let entry = getgrnam(name) else {
                throw table.error(
                    .wrongValue, "groups", "there is no group '\(name.cutShort)' here",
                    remedy: "give its number in gids")
            }
            gids = (gids ?? []).union([entry.pointee.gr_gid])
        }
        self.uids = uids
        self.gids = gids
        models = try table.texts("models")
        if let names = try table.texts("calls") {
            calls = []
            for name in names {
                guard let kind = CallKinds.names.first(where: { $0.name == name })?.value else {
                    throw table.error(
                        .wrongValue, "calls", "'\(name.cutShort)' is no kind of call",
                        remedy: NearestName.remedy(name, among: CallKinds.names.map(\.name)))
                }
                calls.insert(kind)
            }
        }
        try table.finish("[[allow]]")
    }
}
