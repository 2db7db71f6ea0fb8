import TandemTraining
import Testing

@Suite struct TableReaderTests {
    let text = """
        id,age,city,tags
        1,30.5,Bern,3|5
        2,?,Basel,
        3,7,NA,5||4|
        4,,Bern,9

        """

    @Test func `reads each column as it is asked for`() throws {
        let table = try read(
            text,
            [
                ColumnRequest("age", .float32), ColumnRequest("id", .int64),
                ColumnRequest("city", .text), ColumnRequest("tags", .int64List(separator: 0x7C)),
            ])
        #expect(table.rowCount == 4)
        let age = try #require(table[ColumnRequest("age", .float32)])
        #expect((0..<4).map { age.number($0) } == [30.5, nil, 7, nil])
        let id = try #require(table[ColumnRequest("id", .int64)])
        #expect((0..<4).map { id.number($0) } == [1, 2, 3, 4])
        guard case .text(let city) = table[ColumnRequest("city", .text)] else {
            Issue.record("city is no text column")
            return
        }
        #expect((0..<4).map { city.text($0) } == ["Bern", "Basel", nil, "Bern"])
        #expect(city.codes == [0, 1, 0, 0])
        #expect(city.dictionary.count == 2)
        let tags = table[ColumnRequest("tags", .int64List(separator: 0x7C))]
        guard case .int64List(let values, let bounds) = tags else {
            Issue.record("tags is no list column")
            return
        }
        #expect((0..<4).map { Array(values[bounds.range($0)]) } == [[3, 5], [], [5, 4], [9]])
        #expect((0..<4).map { bounds.presence[$0] } == [true, false, true, true])
    }

    @Test func `reads one column in two ways, and words among numbers as missing`() throws {
        let text = "cost\n5\nSee DN-304\n7\n"
        let loose = ColumnRequest("cost", .looseNumber)
        let words = ColumnRequest("cost", .text)
        let table = try read(text, [loose, words])
        let cost = try #require(table[loose])
        #expect((0..<3).map { cost.number($0) } == [5, nil, 7])
        #expect(table[words]?.presence.missingCount == 0)
    }

    @Test func `reads several files whose columns stand in different orders`() throws {
        let first = try TemporaryFile("a,b\n1,2\n")
        let second = try TemporaryFile("b,c,a\n20,x,10\n40,y,30\n")
        let request = ColumnRequest("a", .float64)
        let reader = TableReader(paths: [first.path, second.path], columns: [request])
        let table = try reader.readAll()
        let column = try #require(table[request])
        #expect((0..<3).map { column.number($0) } == [1, 10, 30])
        #expect(table.position(ofRow: 0) == (first.path, 2))
        #expect(table.position(ofRow: 2) == (second.path, 3))
        #expect(table.rows(ofFile: 1) == 1..<3)
    }

    @Test(arguments: 1...6)
    func `gives the same rows block by block`(rowCountMax: Int) throws {
        let first = try TemporaryFile("a\n1\n2\n3\n")
        let second = try TemporaryFile("a\n4\n5\n")
        let request = ColumnRequest("a", .float64)
        let reader = TableReader(paths: [first.path, second.path], columns: [request])
        var values: [Double?] = []
        var lines: [Int] = []
        while let block = try reader.read(rowCountMax: rowCountMax) {
            #expect(block.rowCount <= rowCountMax)
            for row in 0..<block.rowCount {
                values.append(block[request]?.number(row))
                let position = block.position(ofRow: row)
                #expect(position.file == (values.count <= 3 ? first.path : second.path))
                lines.append(position.line)
            }
        }
        #expect(values == [1, 2, 3, 4, 5])
        #expect(lines == [2, 3, 4, 2, 3])
    }

    @Test func `keeps chosen rows with their values, lists and places`() throws {
        let age = ColumnRequest("age", .float32)
        let tags = ColumnRequest("tags", .textList(separator: 0x7C))
        let city = ColumnRequest("city", .text)
        var table = try read(text, [age, tags, city])
        table.keep(rows: [1, 2])
        table.keep(columns: [age, tags])
        #expect(table.rowCount == 2)
        #expect(table[city] == nil)
        #expect((0..<2).map { table[age]?.number($0) } == [nil, 7])
        #expect(table.position(ofRow: 1).line == 4)
        guard case .textList(let texts, let bounds) = table[tags] else {
            Issue.record("tags is no list column")
            return
        }
        #expect(bounds.range(0).isEmpty && !bounds.presence[0])
        #expect(bounds.range(1).map { texts.text($0) } == ["5", "4"])
    }

    // MARK: - What is refused

    @Test func `refuses a text in a number column with its place`() throws {
        let error = try refusal { () throws(TrainingError) in
            _ = try self.read("a,b\n1,2\n3,abc\n", [ColumnRequest("b", .float32)])
        }
        #expect(error.code == .notANumber)
        #expect(error.line == 3)
        #expect(error.column == "b")
        #expect(error.columnNumber == 2)
        #expect(error.text == "abc")
    }

    @Test func `refuses a number that 32 bits cannot hold`() throws {
        let error = try refusal { () throws(TrainingError) in
            _ = try self.read("a\n1e39\n", [ColumnRequest("a", .float32)])
        }
        #expect(error.code == .notANumber)
        #expect(error.text == "1e39")
    }

    @Test(arguments: [ColumnReading.int64, .int64List(separator: 0x7C)])
    func `refuses a fraction among whole numbers`(reading: ColumnReading) throws {
        let error = try refusal { () throws(TrainingError) in
            _ = try self.read("a\n5\n2.5\n", [ColumnRequest("a", reading)])
        }
        #expect(error.code == .notANumber)
        #expect(error.line == 3)
    }

    @Test func `refuses a column that the file lacks and names the nearest`() throws {
        let error = try refusal { () throws(TrainingError) in
            _ = try self.read("clicked,shown\n1,2\n", [ColumnRequest("cliked", .float32)])
        }
        #expect(error.code == .missingColumn)
        #expect(error.column == "cliked")
        #expect(error.remedy.contains("'clicked'"))
    }

    @Test func `refuses a column that stands twice only if it is asked for`() throws {
        let text = "a,b,a\n1,2,3\n"
        #expect(try read(text, [ColumnRequest("b", .float32)]).rowCount == 1)
        let error = try refusal { () throws(TrainingError) in
            _ = try self.read(text, [ColumnRequest("a", .float32)])
        }
        #expect(error.code == .duplicateColumn)
        #expect(error.column == "a")
        #expect(error.line == 1)
    }

    @Test func `refuses a header without a row`() throws {
        let error = try refusal { () throws(TrainingError) in
            _ = try self.read("a,b\n", [ColumnRequest("a", .float32)])
        }
        #expect(error.code == .emptyInput)
    }

    private func read(_ text: String, _ columns: [ColumnRequest]) throws(TrainingError) -> Table {
        guard let file = try? TemporaryFile(text) else {
            throw TrainingError(.unwritableFile, "the test's own file")
        }
        return try TableReader(paths: [file.path], missing: ["?", "NA"], columns: columns).readAll()
    }
}
