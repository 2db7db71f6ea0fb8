import Glibc
import TandemServingSupport
import TandemWire
import Testing

@testable import TandemServer

/// Who may make which call.
@Suite struct AccessRulesTests {
    private func rules(_ text: String) throws -> AccessRules {
        let folder = try TemporaryFolder()
        let path = folder.file("tandemd.toml")
        let file = try #require(fopen(path, "w"))
        fputs(text, file)
        fclose(file)
        return try Configuration(path: path, overrides: []).options.access
    }

    private func allows(
        _ rules: AccessRules, _ kind: CallKinds, _ model: String?, uid: UInt32 = 5,
        gids: [UInt32] = [50]
    ) -> Bool {
        let mask = rules.mask(PeerIdentity(uid: uid, gids: gids))
        guard let model else { return rules.allow(kind, model: nil, mask: mask) }
        return Array(model.utf8).withUnsafeBytes { rules.allow(kind, model: $0, mask: mask) }
    }

    @Test func `a rule without conditions allows everything`() throws {
        let rules = try rules("[[allow]]\n")
        #expect(allows(rules, .control, nil) && allows(rules, .predict, "any"))
    }

    @Test func `users and groups must both match where both are given`() throws {
        let rules = try rules("[[allow]]\nuids = [5, 6]\ngids = [50]\n")
        #expect(allows(rules, .predict, "m"))
        #expect(allows(rules, .predict, "m", uid: 6, gids: [1, 2, 50]))
        #expect(!allows(rules, .predict, "m", uid: 7))
        #expect(!allows(rules, .predict, "m", gids: [51]))
        #expect(rules.mask(nil) == 0)
    }

    @Test func `a rule allows its calls on its models, by name or beginning`() throws {
        let rules = try rules(
            "[[allow]]\nmodels = [\"shop\", \"fraud*\"]\ncalls = [\"predict\"]\n")
        for model in ["shop", "fraud", "fraud-eu"] { #expect(allows(rules, .predict, model)) }
        for model in ["shop2", "frau", ""] { #expect(!allows(rules, .predict, model)) }
        #expect(!allows(rules, .metadata, "shop"))
    }

    @Test func `rules only add`() throws {
        let rules = try rules(
            """
            [[allow]]
            uids = [5]
            models = ["a"]
            [[allow]]
            gids = [50]
            calls = ["metadata", "predict"]
            models = ["b"]
            """)
        #expect(allows(rules, .control, "a") && allows(rules, .predict, "b"))
        #expect(!allows(rules, .control, "b") && !allows(rules, .predict, "c"))
    }

    @Test func `names of users and groups are looked up`() throws {
        let rules = try rules("[[allow]]\nusers = [\"root\"]\ngroups = [\"root\"]\n")
        #expect(rules.rules.first?.uids == [0] && rules.rules.first?.gids == [0])
    }

    @Test(arguments: [
        "users = [\"nobody-of-that-name\"]", "groups = [\"nobody-of-that-name\"]",
        "calls = [\"predikt\"]", "uid = [1]", "uids = [-1]", "uids = [4294967295]",
    ])
    func `refuses a rule that cannot be, with its line`(line: String) throws {
        let error = #expect(throws: ServerError.self) { try rules("[[allow]]\n\(line)\n") }
        #expect(error?.code == .configurationInvalid && error?.line == 2)
    }

    @Test func `takes as many rules as the bound and no more`() throws {
        let rule = "[[allow]]\nuids = [5]\n"
        let most = String(repeating: rule, count: AccessRules.countMax)
        #expect(try rules(most).rules.count == AccessRules.countMax)
        let error = #expect(throws: ServerError.self) { try rules(most + rule) }
        #expect(error?.bound == AccessRules.countMax)
    }

    @Test func `a denied call is refused, counted, and allowed once the rules change`() throws {
        var options = ServerOptions(repository: "")
        var rule = AccessRule()
        rule.uids = [5]
        options.access = AccessRules([rule])
        let rig = try ServiceRig(options: options)
        rig.state.peer = rig.group.accounts.enter(PeerIdentity(uid: 6, gids: []))
        let frame = try TinyRequests.frame(id: 1, TinyRequests.predict())
        let denied = try #require(try rig.serve(frame))
        #expect(denied.status?.code == .permissionDenied)
        #expect(denied.status?.details.first?.reason == "NOT_ALLOWED")
        #expect(denied.status?.details.first?.actual == 6)
        let metadata = try TinyRequests.frame(id: 2, .modelMetadata(ModelChoice("tiny")))
        #expect(try rig.serve(metadata)?.status?.code == .permissionDenied)
        #expect(try rig.serve(try TinyRequests.frame(id: 3, .serverReady))?.status == nil)
        #expect(
            rig.services[0].refusals.wire.contains {
                $0.reason == "NOT_ALLOWED" && $0.count == 2
            })
        rule.uids = [6]
        options.access = AccessRules([rule])
        rig.services[0].hear(.settings(ServiceSettings(options, generation: 2)))
        #expect(try rig.serve(frame)?.status == nil)
    }
}
