/// The wire's limits, each with its default and the reason for it.
///
/// The names, in snake case, are those of the configuration and of `StatusDetail.limit`.
package struct WireLimits: Hashable, Sendable {
    /// Largest payload of a frame in bytes.
    ///
    /// 16 MiB carry 1,000 candidates of 4,000 numbers.
    package var frameBytesMax = 16 << 20
    /// Most bytes of memory that decoding one frame may take.
    ///
    /// Four frames: a frame of INT32 values takes three (a copy, and its widening to INT64), and
    /// the structures of 4,096 columns little. What needs more is an attack: fields that nobody
    /// knows take 46 bytes of memory a byte.
    package var arenaBytesMax = 64 << 20
    /// Longest name (model, label, feature, task, formula) in bytes.
    package var nameBytesMax = 256
    /// Most columns of both sides of a request together.
    package var columnsMax = 4_096
    /// Most tasks listed in a request.
    package var tasksMax = 1_024
    /// Most candidates in a request.
    package var rowsMax = 65_536
    /// Longest ranking expression in bytes.
    ///
    /// It is parsed for each request.
    package var expressionBytesMax = 4_096
    /// Most terms in a ranking formula.
    package var rankingTermsMax = 256

    /// The defaults.
    package init() {}
}
