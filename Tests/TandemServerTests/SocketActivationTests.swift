import CTandemSystem
import Glibc
import Testing

@testable import TandemServer

@Suite struct SocketActivationTests {
    /// Two listening sockets whose descriptors follow each other, as the service manager passes
    /// them; each test has numbers of its own, since tests run side by side in one process.
    private func makeSockets(_ folder: TemporaryFolder, from first: Int32) throws {
        let a = try Listener(binding: folder.file("a"), mode: 0o600, door: .data)
        #expect(dup2(a.descriptor, first) == first)
        #expect(dup2(a.descriptor, first + 1) == first + 1)
        close(a.descriptor)
    }

    private func activation(
        _ variables: [String: String], first: Int32
    ) throws(ServerError) -> [Door: Int32] {
        try SocketActivation(environment: { variables[$0] }, pid: 42, firstDescriptor: first)
            .descriptors
    }

    @Test func `tells stored descriptors from sockets by their names, in any order`() throws {
        let folder = try TemporaryFolder()
        let first: Int32 = 910
        try makeSockets(folder, from: first)
        #expect(dup2(first, first + 2) == first + 2)
        defer { for offset: Int32 in 0..<3 { close(first + offset) } }
        let variables = [
            "LISTEN_PID": "42", "LISTEN_FDS": "3", "LISTEN_FDNAMES": "shard-ab:data:shard-cd",
        ]
        let activation = try SocketActivation(
            environment: { variables[$0] }, pid: 42, firstDescriptor: first)
        #expect(activation.descriptors == [.data: first + 1])
        #expect(activation.stored.map(\.name) == ["shard-ab", "shard-cd"])
        #expect(activation.stored.map(\.descriptor) == [first, first + 2])
    }

    @Test func `sorts named sockets to their doors, whatever their order`() throws {
        let folder = try TemporaryFolder()
        let first: Int32 = 900
        try makeSockets(folder, from: first)
        defer {
            close(first)
            close(first + 1)
        }
        let base = ["LISTEN_PID": "42", "LISTEN_FDS": "2"]
        let named = base.merging(["LISTEN_FDNAMES": "admin:data"]) { $1 }
        #expect(try activation(named, first: first) == [.admin: first, .data: first + 1])
        let unnamed = base.merging(["LISTEN_FDNAMES": "x.socket:y.socket"]) { $1 }
        #expect(try activation(unnamed, first: first) == [.data: first, .admin: first + 1])
        let one = ["LISTEN_PID": "42", "LISTEN_FDS": "1"]
        #expect(try activation(one, first: first) == [.data: first])
        let oneAdmin = one.merging(["LISTEN_FDNAMES": "admin"]) { $1 }
        #expect(try activation(oneAdmin, first: first) == [.admin: first])
    }

    @Test func `ignores sockets that are meant for another process`() throws {
        let variables = ["LISTEN_PID": "43", "LISTEN_FDS": "1"]
        #expect(try activation(variables, first: 900).isEmpty)
        #expect(try activation([:], first: 900).isEmpty)
    }

    @Test(arguments: ["x", "-1", "3"]) func `refuses a count that cannot be`(count: String) {
        let error = #expect(throws: ServerError.self) {
            try activation(["LISTEN_PID": "42", "LISTEN_FDS": count], first: 900)
        }
        #expect(error?.code == .activationInvalid)
    }

    @Test func `refuses a descriptor that does not listen`() throws {
        let descriptor = tandemsys_unix_socket(true, true)
        defer { close(descriptor) }
        let error = #expect(throws: ServerError.self) {
            try activation(["LISTEN_PID": "42", "LISTEN_FDS": "1"], first: descriptor)
        }
        #expect(error?.code == .activationInvalid)
    }
}
