import ArgumentParser

/// The options of commands that judge an int8 program by its scores, without labels.
///
/// The defaults leave a margin below what int8 is to keep, 0.01 and 0.002: on rows that nothing was
/// learnt from, the reference models were off by up to a tenth more than on those that were judged.
struct DifferenceOptions: ParsableArguments {
    @Option(
        name: .customLong("max-difference"),
        help: """
            Without labels: how far one score may be off, in units of the scores' standard \
            deviation where that is over 1.
            """)
    var differenceMax = 0.0085

    @Option(
        name: .customLong("max-mean-difference"),
        help: "Without labels: how far a task's scores may be off on average, likewise.")
    var meanDifferenceMax = 0.0017

    func validate() throws {
        for (name, limit) in [
            ("--max-difference", differenceMax), ("--max-mean-difference", meanDifferenceMax),
        ] where !(limit >= 0 && limit.isFinite) {
            throw ValidationError("\(name) takes 0 or more")
        }
    }
}
