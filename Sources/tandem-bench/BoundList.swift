import ArgumentParser

/// Measured values that are held against bounds, a line each.
struct BoundList {
    private var hasFailed = false

    /// Prints a value and whether it is small enough.
    mutating func check(_ name: String, _ value: Double, atMost bound: Double) {
        report(name, value, "at most \(Self.text(bound))", value <= bound)
    }

    /// Prints a value and whether it is large enough.
    mutating func check(_ name: String, _ value: Double, atLeast bound: Double) {
        report(name, value, "at least \(Self.text(bound))", value >= bound)
    }

    /// Ends the program with a status if something failed.
    func end() throws {
        if hasFailed { throw ExitCode.failure }
    }

    private mutating func report(_ name: String, _ value: Double, _ bound: String, _ passes: Bool) {
        print("\(name): \(Self.text(value)) (\(bound)) \(passes ? "pass" : "fail")")
        if !passes { hasFailed = true }
    }

    private static func text(_ value: Double) -> String {
        String(formatted(value).drop { $0 == " " })
    }
}
