import TandemFeatures
import Testing

@Suite struct NumberEncodingTests {
    @Test func `without a transform a number stays as it is`() throws {
        let model = try ToyModel([.number()])
        let values: [Float] = [0, -0.0, 1.5, -.greatestFiniteMagnitude, .leastNonzeroMagnitude]
        let counts = try model.encode(.numbers(values), rows: 5)
        #expect(model.numbers("x", rows: 5).map(\.bitPattern) == values.map(\.bitPattern))
        #expect(counts.rows == 5 && counts.values == 5 && counts.missingRows == 0)
    }

    @Test func `transforms apply in order`() throws {
        let model = try ToyModel([
            .number("x", [.clip(minimum: -10, maximum: 99), .signedLog1p]),
            .number("y", [.signedLog1p, .clip(minimum: -1, maximum: 1)]),
            .number("z", [.standardize(mean: 3, deviation: 2)]),
        ])
        let column = OwnedColumn.numbers([1e6, 99, 0, -1, -1e6])
        let x = try model.encode(0, column, rows: 5)
        let y = try model.encode(1, column, rows: 5)
        try model.encode(2, column, rows: 5)
        let limit = Float(0x1.26BB1BBB55516p2)  // log 100
        #expect(model.numbers("x", rows: 4) == [limit, limit, 0, -Float(0x1.62E42FEFA39EFp-1)])
        #expect(model.numbers("y", rows: 5) == [1, 1, 0, -Float(0x1.62E42FEFA39EFp-1), -1])
        #expect(model.numbers("z", rows: 5) == [499_998.5, 48, -1.5, -2, -500_001.5])
        #expect(x.clippedValues == 2)
        #expect(y.clippedValues == 3)
    }

    @Test func `rounds once, after the last step`() throws {
        // In f32 arithmetic 16777217 - 1 would round to 16777215 first.
        let model = try ToyModel([
            .number("x", [.standardize(mean: 1, deviation: 1)], rawType: .int64)
        ])
        try model.encode(.integers([16_777_217, (1 << 53) + 1]), rows: 2)
        #expect(model.numbers("x", rows: 2) == [16_777_216, 9_007_199_254_740_992])
    }

    @Test func `a result beyond f32 becomes its largest number`() throws {
        let model = try ToyModel([.number("x", [.standardize(mean: 0, deviation: 1e-30)])])
        try model.encode(.numbers([1e20, -1e20]), rows: 2)
        let most = Float.greatestFiniteMagnitude
        #expect(model.numbers("x", rows: 2) == [most, -most])
    }

    @Test func `whole numbers are taken for numbers, of 64 and of 32 bits`() throws {
        let model = try ToyModel([.number()])
        try model.encode(.integers([-5, .max]), rows: 2)
        #expect(model.numbers("x", rows: 2) == [-5, 0x1p63])
        try model.encode(OwnedColumn(.int32([7, .min])), rows: 2)
        #expect(model.numbers("x", rows: 2) == [7, -0x1p31])
    }

    @Test func `a missing number gets its value and sets its column`() throws {
        let model = try ToyModel([.number(missingValue: -0.25, missingColumn: 1)])
        let counts = try model.encode(.numbers([1, nil, 3, nil]), rows: 4)
        #expect(model.numbers("x", rows: 4) == [1, -0.25, 3, -0.25])
        #expect(model.numbers("x", column: 1, rows: 4) == [0, 1, 0, 1])
        #expect(counts.missingRows == 2 && counts.values == 2)
    }

    @Test func `a missing number is not transformed and not clipped`() throws {
        let model = try ToyModel([
            .number("x", [.clip(minimum: 1, maximum: 2), .signedLog1p], missingValue: 9)
        ])
        // What stands in the place of a missing whole number is -7, below the clip.
        let counts = try model.encode(.integers([nil, 1, nil]), rows: 3)
        #expect(model.numbers("x", rows: 3)[0] == 9)
        #expect(counts.clippedValues == 0)
    }

    @Test func `without a column every row is missing`() throws {
        let model = try ToyModel([.number(missingValue: 4, width: 2, missingColumn: 2)])
        let counts = try model.encode(nil, rows: 3)
        #expect(model.numbers("x", rows: 3) == [4, 4, 4])
        #expect(model.numbers("x", column: 1, rows: 3) == [4, 4, 4])
        #expect(model.numbers("x", column: 2, rows: 3) == [1, 1, 1])
        #expect(counts.missingRows == 3 && counts.rows == 3 && counts.values == 0)
    }

    @Test(arguments: [1, 2, 3, 127, 128, 129, 300])
    func `a vector takes its width of columns`(width: Int) throws {
        let model = try ToyModel([
            .number("x", [.standardize(mean: 1, deviation: 1)], missingValue: 5, width: width)
        ])
        let values = (0..<3 * width).map { Float($0) }
        var column = OwnedColumn(.float32(values), presence: [0b101])
        let counts = try model.encode(column, rows: 3)
        for element in 0..<width {
            #expect(
                model.numbers("x", column: element, rows: 3)
                    == [Float(element) - 1, 5, Float(2 * width + element) - 1])
        }
        #expect(counts.values == 2 * width && counts.missingRows == 1)
        column.presence = nil
        #expect(try model.encode(column, rows: 3).values == 3 * width)
    }

    @Test func `neighbours in a shared input are left alone`() throws {
        var second = Feature.number("y")
        second.slot = FeatureSlot(input: "x", column: 1)
        let model = try ToyModel([.number(), second])
        try model.encode(0, .numbers([1, 2]), rows: 2)
        try model.encode(1, .numbers([3, 4]), rows: 2)
        #expect(model.numbers("x", rows: 2) == [1, 2])
        #expect(model.numbers("x", column: 1, rows: 2) == [3, 4])
        #expect(model.ids("x", column: 2, rows: 2) == [-99, -99])
    }

    @Test func `refuses NaN where there is a value, with the row`() throws {
        let model = try ToyModel([.number("age")])
        let error = failure {
            try model.encode(OwnedColumn(.float32([1, 2, .nan])), rows: 3)
        }
        #expect(error?.code == .notANumber)
        #expect(error?.subject == "age")
        #expect(error?.row == 2)
    }

    @Test(arguments: [Float.infinity, -.infinity])
    func `refuses an infinite number, with the row`(number: Float) throws {
        let model = try ToyModel([.number("age")])
        let column = OwnedColumn(.float32([.nan, number]), presence: [0b10])
        let error = failure { try model.encode(column, rows: 2) }
        #expect(error?.code == .infiniteNumber)
        #expect(error?.row == 1)
    }

    @Test func `what stands in a missing row's place is ignored`() throws {
        let model = try ToyModel([.number(missingValue: 8)])
        let column = OwnedColumn(.float32([.nan, .infinity, 1]), presence: [0b100])
        try model.encode(column, rows: 3)
        #expect(model.numbers("x", rows: 3) == [8, 8, 1])
    }

    @Test func `refuses a missing value that is required, with the row`() throws {
        let model = try ToyModel([.number(isRequired: true)])
        let error = failure { try model.encode(.numbers([1, nil]), rows: 2) }
        #expect(error?.code == .missingValue)
        #expect(error?.row == 1)
        let absent = failure { try model.encode(nil, rows: 2) }
        #expect(absent?.code == .missingValue)
        #expect(absent?.row == nil)
    }
}
