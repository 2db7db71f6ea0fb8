import ArgumentParser

/// The options of commands that judge an int8 program by its scores, without labels.
struct DifferenceOptions: ParsableArguments {
    @Option(
        name: .customLong("max-difference"),
        help: """
            Without labels: how far one score may be off, in units of the scores' standard \
            deviation where that is over 1. (default: 0.0095)
            """)
    var differenceMax: Double?

    @Option(
        name: .customLong("max-mean-difference"),
        help: """
            Without labels: how far a task's scores may be off on average, likewise. (default: \
            0.0018)
            """)
    var meanDifferenceMax: Double?

    /// The option that was given, if one was.
    var given: String? {
        differenceMax != nil
            ? "--max-difference" : meanDifferenceMax != nil ? "--max-mean-difference" : nil
    }

    func validate() throws {
        for (name, limit) in [
            ("--max-difference", differenceMax), ("--max-mean-difference", meanDifferenceMax),
        ] { try Self.check(name, limit) }
    }

    /// Refuses what is no limit.
    ///
    /// - Throws: `ValidationError`.
    static func check(_ name: String, _ limit: Double?) throws {
        guard let limit, !(limit >= 0 && limit.isFinite) else { return }
        throw ValidationError("\(name) takes 0 or more")
    }

    /// The limits that were given, over a gate's own.
    func apply(to gate: inout QualityGate) {
        gate.differenceMax = differenceMax ?? gate.differenceMax
        gate.meanDifferenceMax = meanDifferenceMax ?? gate.meanDifferenceMax
    }
}
