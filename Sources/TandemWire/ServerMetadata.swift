/// What a server is: the answer to `serverMetadata`.
///
/// Fields as in `ServerMetadataResponse`.
package struct ServerMetadata: Hashable, Sendable {
    /// The program, such as `tandemd`.
    package var name = ""
    /// The program's version.
    package var version = ""
    /// What it can do beyond the Open Inference Protocol's calls.
    package var extensions: [String] = []
    /// The limits in force.
    package var limits: [LimitValue] = []
    /// The instruction set of its kernels.
    package var instructionSet = ""
    /// Event loops.
    package var loops: UInt32 = 0
    /// Process id.
    package var pid: UInt32 = 0
    /// Nanoseconds since the start.
    package var uptimeNanoseconds: UInt64 = 0

    /// An answer with nothing set.
    package init() {}
}

/// One limit in force.
package struct LimitValue: Hashable, Sendable {
    /// As in the configuration.
    package var name: String
    /// In the unit that ends the name.
    package var value: Int64

    /// Makes a limit.
    package init(_ name: String, _ value: Int64) {
        self.name = name
        self.value = value
    }
}
