import TandemGraph
import TandemTraining
import Testing

@Suite struct CSVReaderTests {
    // MARK: - What is read

    @Test func `reads quotes, doubled quotes and line breaks within quotes`() throws {
        let rows = try records("a,b\n\"x, y\",\"say \"\"hi\"\"\nagain\"\n1,2\n")
        #expect(rows == [["a", "b"], ["x, y", "say \"hi\"\nagain"], ["1", "2"]])
    }

    @Test(arguments: ["\n", "\r\n"])
    func `reads both line ends, with and without a last one`(end: String) throws {
        let expected = [["a", "b"], ["1", ""], ["", "2"]]
        #expect(try records("a,b\(end)1,\(end),2\(end)") == expected)
        #expect(try records("a,b\(end)1,\(end),2") == expected)
        #expect(try records("a,b\(end)1,\(end),\"2\"") == expected)
    }

    @Test func `skips a byte order mark and empty lines`() throws {
        #expect(try records("\u{FEFF}a,b\n\n1,2\r\n\r\n\n") == [["a", "b"], ["1", "2"]])
    }

    @Test func `keeps blanks unless the dialect trims them`() throws {
        let text = "a,b\n 1 ,\t\"x \" \n"
        #expect(try records(" a,b\n 1 , 2\n").last == [" 1 ", " 2"])
        let trimming = CSVDialect(trimsBlanks: true)
        #expect(try records(text, trimming) == [["a", "b"], ["1", "x "]])
    }

    @Test func `keeps quotes within a field that does not begin with one`() throws {
        #expect(try records("a,b\n5'8\",\"q\"\n").last == ["5'8\"", "q"])
    }

    @Test func `takes another delimiter, also a tab that trimming would drop`() throws {
        let semicolons = CSVDialect(delimiter: UInt8(ascii: ";"))
        #expect(try records("a;b\n1,5;\"2;\"\n", semicolons).last == ["1,5", "2;"])
        let tabs = CSVDialect(delimiter: UInt8(ascii: "\t"), trimsBlanks: true)
        #expect(try records("a\tb\tc\n\"x\"\t\t\n", tabs).last == ["x", "", ""])
    }

    @Test func `names the columns of a file without a header`() throws {
        let dialect = CSVDialect(hasHeader: false, columnNames: ["a", "b"])
        let file = try TemporaryFile("1,2\n")
        let reader = try CSVReader(path: file.path, dialect: dialect)
        #expect(reader.columnNames == ["a", "b"])
        #expect(try reader.next())
        #expect(reader.fields.text(1) == "2")
    }

    @Test func `tells the physical line on which a record begins`() throws {
        let file = try TemporaryFile("a,b\n\"x\ny\",1\n\n2,3\n")
        let reader = try CSVReader(path: file.path)
        #expect(try reader.next() && reader.line == 2)
        #expect(try reader.next() && reader.line == 5)
        #expect(try !reader.next())
    }

    @Test func `reads the same through a buffer of any size`() throws {
        let awkward = [
            "", "a", "\"", "x,y", "line\nbreak", "cr\r\nlf", "long, \"quoted\" text", " ",
        ]
        var text = "a,b,c\r\n"
        var expected = [["a", "b", "c"]]
        for index in 0..<awkward.count * awkward.count {
            let row = [awkward[index % 8], "\(index)", awkward[index / 8]]
            expected.append(row)
            text += row.map(quoted).joined(separator: ",") + (index % 3 == 0 ? "\n" : "\r\n")
        }
        for bufferBytes in 4...70 {
            var limits = CSVLimits()
            limits.bufferBytes = bufferBytes
            #expect(try records(text, limits: limits) == expected, "buffer \(bufferBytes)")
        }
    }

    // MARK: - What is refused

    @Test func `refuses an empty file`() throws {
        let file = try TemporaryFile("")
        let error = try refusal { () throws(TrainingError) in _ = try CSVReader(path: file.path) }
        #expect(error.code == .emptyInput)
        #expect(error.file == file.path)
    }

    @Test func `refuses a file that is not there`() throws {
        let error = try refusal { () throws(TrainingError) in
            _ = try CSVReader(path: "/no/such/file")
        }
        #expect(error.code == .unreadableFile)
        #expect(error.description.contains("No such file"))
    }

    @Test(arguments: [("a,b\n1,2\n3\n", 1), ("a,b\n1,2\n3,4,5\n", 3)])
    func `refuses a row of another width with its line`(text: String, width: Int) throws {
        let error = try refusal { () throws(TrainingError) in _ = try self.read(text) }
        #expect(error.code == .raggedRow)
        #expect(error.line == 3)
        #expect(error.actual == width)
        #expect(error.limit == 2)
    }

    @Test func `refuses a quote that is never closed, with the line of its opening`() throws {
        let error = try refusal { () throws(TrainingError) in
            _ = try self.read("a,b\n1,2\n\"x\ny\",\"3\n4\n5\n")
        }
        #expect(error.code == .invalidQuoting)
        #expect(error.line == 4)
        #expect(error.columnNumber == 2)
    }

    @Test func `refuses text after a closing quote`() throws {
        let error = try refusal { () throws(TrainingError) in
            _ = try self.read("a,b\n1,\"x\"y\n")
        }
        #expect(error.code == .invalidQuoting)
        #expect(error.line == 2)
        #expect(error.columnNumber == 2)
        #expect(error.text == "y")
    }

    @Test func `refuses a field one byte over the limit, quoted or not`() throws {
        var limits = CSVLimits()
        limits.fieldBytesMax = 4
        #expect(try read("a,b\n1,1234\n", limits: limits) == 1)
        #expect(try read("a,b\n1,\"1\"\"34\"\n", limits: limits) == 1)
        for field in ["12345", "\"12345\"", "\"12\n45\""] {
            let error = try refusal { () throws(TrainingError) in
                _ = try self.read("a,b\n1,\(field)\n", limits: limits)
            }
            #expect(error.code == .overLimit)
            #expect(error.line == 2)
            #expect(error.limit == 4)
        }
    }

    @Test func `refuses a record one byte over the limit`() throws {
        var limits = CSVLimits()
        limits.recordBytesMax = 8
        limits.bufferBytes = 4
        #expect(try read("a,b\n123,4567\n", limits: limits) == 1)
        for row in ["123,45678\n", "123,45678", "\"\n\n\n\n\n\n\n\n\n"] {
            let error = try refusal { () throws(TrainingError) in
                _ = try self.read("a,b\n\(row)", limits: limits)
            }
            #expect(error.code == .overLimit)
            #expect(error.limit == 8)
        }
    }

    @Test func `refuses one column over the limit`() throws {
        var limits = CSVLimits()
        limits.columnCountMax = 3
        #expect(try read("a,b,c\n1,2,3\n", limits: limits) == 1)
        let error = try refusal { () throws(TrainingError) in
            _ = try self.read("a,b,c,d\n", limits: limits)
        }
        #expect(error.code == .overLimit)
        #expect(error.limit == 3)
    }

    // MARK: - Reading for the tests

    private func records(
        _ text: String, _ dialect: CSVDialect = CSVDialect(), limits: CSVLimits = CSVLimits()
    ) throws -> [[String]] {
        let file = try TemporaryFile(text)
        let reader = try CSVReader(path: file.path, dialect: dialect, limits: limits)
        var rows = [reader.columnNames]
        while try reader.next() {
            let fields = reader.fields
            rows.append((0..<fields.count).map { fields.text($0) })
        }
        return rows
    }

    private func read(_ text: String, limits: CSVLimits = CSVLimits()) throws(TrainingError) -> Int
    {
        guard let file = try? TemporaryFile(text) else { return -1 }
        let reader = try CSVReader(path: file.path, limits: limits)
        var count = 0
        while try reader.next() { count += 1 }
        return count
    }

    private func quoted(_ text: String) -> String {
        let isPlain = text.isEmpty || text.utf8.allSatisfy { $0 != 0x22 && $0 != 0x2C && $0 > 0x20 }
        if isPlain { return text }
        return "\""
            + text.split(separator: "\"", omittingEmptySubsequences: false)
            .joined(separator: "\"\"") + "\""
    }
}

/// The error that a call throws.
func refusal(
    _ body: () throws(TrainingError) -> Void, sourceLocation: SourceLocation = #_sourceLocation
) throws -> TrainingError {
    do throws(TrainingError) {
        try body()
    } catch {
        return error
    }
    throw NotRefused(sourceLocation: sourceLocation)
}

struct NotRefused: Error {
    let sourceLocation: SourceLocation
}

/// What a reader makes of bytes: its records, or the error that ended them.
private struct Reading: Equatable {
    var records: [[String]] = []
    var code: TrainingError.Code?
    var line: Int?

    init(path: String, dialect: CSVDialect, bufferBytes: Int) {
        var limits = CSVLimits()
        limits.bufferBytes = bufferBytes
        limits.fieldBytesMax = 12
        limits.recordBytesMax = 24
        do throws(TrainingError) {
            let reader = try CSVReader(path: path, dialect: dialect, limits: limits)
            while try reader.next() {
                let fields = reader.fields
                records.append((0..<fields.count).map { fields.text($0) })
            }
        } catch {
            code = error.code
            line = error.line
        }
    }
}

@Suite struct CSVReaderHostileTests {
    @Test func `makes the same of any bytes, whatever the buffer's size`() throws {
        var random = RandomSource(seed: 11)
        let alphabet = Array("\"\",,\n\n\r ab".utf8)
        for round in 0..<500 {
            let count = Int(random.next() % 60)
            let bytes = (0..<count).map { _ in alphabet[Int(random.next() % 9)] }
            let file = try TemporaryFile(Array("a,b\n".utf8) + bytes)
            let dialect = CSVDialect(trimsBlanks: round % 2 == 0)
            let expected = Reading(path: file.path, dialect: dialect, bufferBytes: 1 << 12)
            for bufferBytes in [4, 5, 7, 16, 33] {
                let found = Reading(path: file.path, dialect: dialect, bufferBytes: bufferBytes)
                #expect(found == expected, "\(String(decoding: bytes, as: UTF8.self))")
            }
        }
    }
}
