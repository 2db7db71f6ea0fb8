import TandemGraph
import TandemNotation

/// Which rows are for training, validation and test, as `[split]` says.
package struct SplitSpec: Hashable, Sendable {
    /// What decides about a row.
    package enum Rule: Hashable, Sendable {
        /// A hash of the row's number, from 0, over all files and before any filter.
        case hash
        /// Its place: the last rows are the test part, those before them the validation part.
        case order(by: ColumnExpression?)
        /// Its file: the last one given is the test part; validation rows by hash.
        case file
    }

    /// What decides about a row.
    package let rule: Rule
    /// Seed of the hash.
    package let seed: UInt64
    /// Test rows in a thousand.
    package let testPermille: Int
    /// Validation rows in a thousand of the others.
    package let validationPermille: Int

    init(_ table: SpecTable) throws(TrainingError) {
        let names = ["hash", "order", "file"].map { (name: $0, value: $0) }
        switch try table.choice("by", names) ?? "hash" {
        case "order": rule = .order(by: try table.expression("order_by"))
        case "file": rule = .file
        default: rule = .hash
        }
        seed = UInt64(try table.integer("seed", in: 0...Int.max) ?? 0)
        testPermille =
            rule == .file ? 0 : try table.integer("test_permille", in: 0...900) ?? 200
        validationPermille = try table.integer("validation_permille", in: 0...900) ?? 100
        try table.finish("a split by \(table.textOr("by", "hash"))")
    }

    /// Makes a rule without a spec.
    package init(
        rule: Rule = .hash, seed: UInt64 = 0, testPermille: Int = 200,
        validationPermille: Int = 100
    ) {
        self.rule = rule
        self.seed = seed
        self.testPermille = testPermille
        self.validationPermille = validationPermille
    }

    /// The same rule with another seed, for runs over several splits.
    package func with(seed: UInt64) -> SplitSpec {
        SplitSpec(
            rule: rule, seed: seed, testPermille: testPermille,
            validationPermille: validationPermille)
    }

    /// The part of a row by hash.
    ///
    /// The test part is that of `Tests/Interop/linear.py`, so that others can be compared on it.
    package func part(ofRow row: Int) -> RowPart {
        var mixer = SplitMix64(seed: seed &* 0x9E37_79B9_7F4A_7C15 &+ UInt64(row))
        let hash = mixer.next()
        if hash % 1000 < UInt64(testPermille) { return .test }
        var second = SplitMix64(seed: hash)
        return second.next() % 1000 < UInt64(validationPermille) ? .validation : .training
    }
}

/// What a row is for.
package enum RowPart: UInt8, Sendable {
    /// Gradients, and what features learn.
    case training
    /// When to stop.
    case validation
    /// The figures that are reported.
    case test
}
