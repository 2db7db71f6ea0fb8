import TandemFeatures
import Testing

@Suite struct IdentityEncodingTests {
    let upToTen = FeatureEncoding.identity(IdentityEncoding(idCount: 10, missingID: 3))

    @Test func `whole numbers are taken as they are`() throws {
        let model = try ToyModel([.id("x", .int64, upToTen)])
        let counts = try model.encode(.integers([0, 9, nil, 5]), rows: 4)
        #expect(model.ids("x", rows: 4) == [0, 9, 3, 5])
        #expect(counts.values == 3 && counts.missingRows == 1)
        try model.encode(OwnedColumn(.int32([7])), rows: 1)
        #expect(model.ids("x", rows: 1) == [7])
        try model.encode(nil, rows: 2)
        #expect(model.ids("x", rows: 2) == [3, 3])
    }

    @Test func `several a row lie side by side`() throws {
        let model = try ToyModel([.ids("x", upToTen, width: 3)])
        let column = OwnedColumn(.int64([1, 2, 3, 99, -1, 99, 7, 8, 9]), presence: [0b101])
        let counts = try model.encode(column, rows: 3)
        #expect(model.list("x", row: 0, count: 3) == [1, 2, 3])
        #expect(model.list("x", row: 1, count: 3) == [3, 3, 3])
        #expect(model.list("x", row: 2, count: 3) == [7, 8, 9])
        #expect(counts.values == 6 && counts.missingRows == 1)
    }

    @Test func `a list is cut and padded as others are`() throws {
        let model = try ToyModel([.id("x", .int64, upToTen, listLengthMax: 2)])
        try model.encode(
            OwnedColumn(.int64([4, 5, 6, 7]), listCounts: [1, 0, 3]), rows: 3)
        #expect(model.list("x", row: 0, count: 2) == [4, 0])
        #expect(model.list("x", row: 1, count: 2) == [0, 0])
        #expect(model.list("x", row: 2, count: 2) == [5, 6])
        #expect(model.ids("x.length", rows: 3) == [1, 0, 2])
    }

    @Test(arguments: [(9 as Int64, true), (10, false), (-1, false), (.max, false), (.min, false)])
    func `refuses numbers outside its range, with the row`(number: Int64, isTaken: Bool) throws {
        let model = try ToyModel([.id("x", .int64, upToTen)])
        let error = failure { try model.encode(.integers([1, number]), rows: 2) }
        #expect((error == nil) == isTaken)
        if !isTaken {
            #expect(error?.code == .identifierOutOfRange && error?.row == 1)
            #expect(error?.limit == 10 && error?.actual == Int(number))
        }
    }

    @Test func `refuses a narrow column's number too`() throws {
        let model = try ToyModel([.ids("x", upToTen, width: 2)])
        let error = failure { try model.encode(OwnedColumn(.int32([1, 2, 3, 10])), rows: 2) }
        #expect(error?.code == .identifierOutOfRange && error?.row == 1)
    }

    @Test func `blocks of any size give the same ids`() throws {
        let model = try ToyModel([.ids("x", upToTen, width: 2)])
        let column = OwnedColumn(.int64([1, 2, 3, 4, 5, 6]))
        try model.encode(column, rows: 3)
        let whole = (0..<3).map { model.list("x", row: $0, count: 2) }
        try column.withRaw { raw in
            var cursor = try model.encoder.open(feature: 0, column: raw, rowCount: 3)
            for row in 0..<3 {
                var counts = FeatureCounts()
                var memory = TextMemory()
                try model.encoder.encode(
                    &cursor, rowCount: 1, into: model.inputs, counts: &counts,
                    memory: &memory)
                #expect(model.list("x", row: 0, count: 2) == whole[row])
            }
        }
    }
}
