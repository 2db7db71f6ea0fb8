import TandemTraining
import Testing

@Suite struct ExamplesTests {
    static let features = """
        [model]
        name = "m"
        [[feature]]
        column = "x"
        kind = "numeric"

        """

    /// A spec with one numeric feature `x` and these tables.
    static func spec(_ tables: String) throws(TrainingError) -> TrainingSpec {
        try TrainingSpec(features + tables)
    }

    static func binary(_ label: String) -> String {
        "[[task]]\nname = \"t\"\nkind = \"binary\"\nlabel = '\(label)'\n"
    }

    @Test func `reads features, labels, weights and what tasks are given`() throws {
        let spec = try Self.spec(
            Self.binary("click")
                + """
                [[task]]
                name = "stars"
                kind = "regression"
                label = "stars"
                given = "t"
                mask = "x < 4"
                sample_weight = "w"
                """)
        let examples = try read(spec, "x,click,stars,w\n1,1,5,2\n2,0,4,1\n3,1,,1\n4,1,3,1\n")
        #expect(examples.tasks[0].labels == [1, 0, 1, 1])
        #expect(examples.tasks[0].rowWeights == nil)
        let stars = examples.tasks[1].labels.map { $0.isNaN ? -1 : $0 }
        #expect(stars == [5, -1, -1, -1])
        #expect(examples.tasks[1].rowWeights == [2, 1, 1, 1])
        let column = examples.column(ofFeature: 0)
        #expect((0..<4).map { column.number($0) } == [1, 2, 3, 4])
        #expect(examples.table.requests.count == 1)
    }

    @Test func `derives labels and features from expressions`() throws {
        let spec = try Self.spec(
            """
            [columns]
            late = 'date(came, "%d-%b-%y") > due_day'
            due_day = 'date(due, "%d-%b-%y")'
            x = "x * 10"
            [[feature]]
            column = "due_day"
            kind = "categorical"
            dtype = "int64"
            """ + "\n" + Self.binary("late"))
        let examples = try read(spec, "x,due,came\n1,02-Jan-70,03-Jan-70\n2,05-Jan-70,05-Jan-70\n")
        #expect(examples.tasks[0].labels == [1, 0])
        #expect((0..<2).map { examples.column(ofFeature: 0).number($0) } == [10, 20])
        #expect((0..<2).map { examples.column(ofFeature: 1).number($0) } == [1, 4])
        guard case .int64 = examples.column(ofFeature: 1) else {
            Issue.record("a whole number is no int64 column")
            return
        }
    }

    @Test func `takes classes as they are declared, or sorted by value`() throws {
        let task = "[[task]]\nname = \"t\"\nkind = \"multiclass\"\nlabel = \"c\"\n"
        let text = "x,c\n1,10\n2,9\n3,\n4,10\n"
        let sorted = try read(try Self.spec(task), text)
        #expect(sorted.tasks[0].classes == ["9", "10"])
        #expect(sorted.tasks[0].labels.map { $0.isNaN ? -1 : $0 } == [1, 0, -1, 1])
        let declared = try read(try Self.spec(task + "classes = [\"10\", \"9\", \"8\"]"), text)
        #expect(declared.tasks[0].labels.map { $0.isNaN ? -1 : $0 } == [0, 1, -1, 0])
    }

    @Test func `drops the rows that the filter does not want and keeps the others' parts`() throws {
        let rows = (0..<200).map { "\($0),\($0 % 2),\($0 % 3)" }.joined(separator: "\n")
        let text = "x,click,f\n\(rows)\n"
        let all = try read(try Self.spec(Self.binary("click")), text)
        let some = try read(
            try Self.spec("[data]\nfilter = \"f > 0\"\n" + Self.binary("click")), text)
        #expect(some.rowCount == 133)
        #expect(some.parts == (0..<200).filter { $0 % 3 > 0 }.map { all.parts[$0] })
        #expect(
            some.rows(.test).count + some.rows(.training).count
                + some.rows(.validation).count == 133)
    }

    @Test func `reads files that are only scored, whatever labels they lack`() throws {
        let spec = try Self.spec("[data]\nfilter = \"click == 1\"\n" + Self.binary("click"))
        let file = try TemporaryFile("x\n1\n2\n")
        let examples = try Examples.readFeatures(spec, paths: [file.path])
        #expect(examples.rowCount == 2)
        #expect(examples.tasks.isEmpty)
    }

    // MARK: - Parts

    @Test func `splits by order, by a column, and by file`() throws {
        let text = "x,click,day\n1,1,5\n2,0,4\n3,1,3\n4,0,2\n5,1,1\n"
        let order = "[split]\nby = \"order\"\ntest_permille = 200\nvalidation_permille = 250\n"
        let last = try read(try Self.spec(order + Self.binary("click")), text)
        #expect(last.rows(.test) == [4] && last.rows(.validation) == [3])
        let byDay = try read(
            try Self.spec(order + "order_by = \"day\"\n" + Self.binary("click")), text)
        #expect(byDay.rows(.test) == [0] && byDay.rows(.validation) == [1])
        let first = try TemporaryFile(text)
        let second = try TemporaryFile("day,x,click\n1,2,1\n")
        let files = try Self.spec(
            "[split]\nby = \"file\"\nvalidation_permille = 0\n" + Self.binary("click"))
        let byFile = try Examples.read(files, paths: [first.path, second.path])
        #expect(byFile.rows(.test) == [5] && byFile.rows(.training).count == 5)
        let error = try refusal { () throws(TrainingError) in
            _ = try Examples.read(files, paths: [first.path])
        }
        #expect(error.code == .noRows)
    }

    @Test func `hashes rows into parts as the interop scripts do`() {
        let split = SplitSpec(seed: 3, testPermille: 200, validationPermille: 100)
        // linear.py: split(3, 50, 200).nonzero()
        #expect((0..<50).filter { split.part(ofRow: $0) == .test } == [24, 28, 29, 47])
        let parts = (0..<10_000).map { split.part(ofRow: $0) }
        #expect((1900...2100).contains(parts.count { $0 == .test }))
        #expect((700...900).contains(parts.count { $0 == .validation }))
        let none = SplitSpec(testPermille: 0, validationPermille: 0)
        #expect((0..<100).allSatisfy { none.part(ofRow: $0) == .training })
    }

    // MARK: - What is refused

    @Test(arguments: ["x", "x > 3", "2 * x == 4", "twice > 1", "date_free + x > 1"])
    func `refuses a label that the inputs give away, with the reason`(label: String) throws {
        let tables = "[columns]\ntwice = \"x * 2\"\ndate_free = \"x + 1\"\n" + Self.binary(label)
        let spec = try Self.spec(tables)
        let error = try refusal { () throws(TrainingError) in
            _ = try ColumnPlan(spec, columnNames: ["x", "y"])
        }
        #expect(error.code == .labelAmongInputs)
        #expect(error.key == "task[0].label")
        #expect(error.line == 12)
        #expect(error.remedy == "drop the feature 'x' (line 4)")
    }

    @Test func `takes a label that also needs what is no input`() throws {
        let spec = try Self.spec(Self.binary("y > x"))
        #expect(try ColumnPlan(spec, columnNames: ["x", "y"]).requests.count == 3)
    }

    @Test(arguments: [
        ("[data]\nfilter = \"y\"\n", "data.filter", "y == 1"),
        ("[columns]\na = \"b + 1\"\nb = \"a + 1\"\n", "columns.a", "b > a > b"),
        ("[columns]\na = \"z + 1\"\n", "columns.a", "'x'"),
        ("[[feature]]\ncolumn = \"yy\"\nkind = \"numeric\"\n", "feature[1]", "'y'"),
        (
            "[columns]\na = \"y + 1\"\n[[feature]]\ncolumn = \"a\"\nkind = \"words\"\n",
            "feature[1]",
            "numeric"
        ),
        ("[split]\nby = \"order\"\norder_by = \"y > 1\"\n", "split.order_by", "number"),
    ])
    func `refuses names and kinds before a row is read`(
        tables: String, key: String, remedy: String
    ) throws {
        let spec = try Self.spec(tables + Self.binary("y"))
        let error = try refusal { () throws(TrainingError) in
            _ = try ColumnPlan(spec, columnNames: ["x", "y"])
        }
        #expect(error.key == key, "\(error)")
        #expect(error.line != nil)
        #expect(error.remedy.contains(remedy), "\(error)")
    }

    @Test(arguments: [
        ("binary", "", "x,y\n1,0\n2,2\n", 3, "2.0"),
        ("multiclass", "classes = [\"a\", \"b\"]", "x,y\n1,a\n2,c\n", 3, "c"),
        ("regression", "transform = [\"log1p\"]", "x,y\n1,-1\n2,1\n", 2, "-1.0"),
    ])
    func `refuses a label that is none of the task's, with its row`(
        kind: String, more: String, text: String, line: Int, label: String
    ) throws {
        let spec = try Self.spec("[[task]]\nname=\"t\"\nkind=\"\(kind)\"\nlabel=\"y\"\n\(more)\n")
        let file = try TemporaryFile(text)
        let error = try refusal { () throws(TrainingError) in
            _ = try Examples.read(spec, paths: [file.path])
        }
        #expect(error.code == .unknownLabel)
        #expect(error.file == file.path)
        #expect(error.line == line)
        #expect(error.text == label)
    }

    @Test func `refuses a task that no row has a label of, and a filter that leaves nothing`()
        throws
    {
        let file = try TemporaryFile("x,y\n1,\n2,\n")
        let unlabelled = try Self.spec(Self.binary("y"))
        let noLabel = try refusal { () throws(TrainingError) in
            _ = try Examples.read(unlabelled, paths: [file.path])
        }
        #expect(noLabel.code == .noLabel)
        let empty = try Self.spec("[data]\nfilter = \"x > 5\"\n" + Self.binary("y"))
        let noRows = try refusal { () throws(TrainingError) in
            _ = try Examples.read(empty, paths: [file.path])
        }
        #expect(noRows.code == .noRows)
        #expect(noRows.key == "data.filter")
    }

    @Test func `refuses a negative sample weight`() throws {
        let spec = try Self.spec(Self.binary("y") + "sample_weight = \"w\"\n")
        let file = try TemporaryFile("x,y,w\n1,1,1\n2,0,-1\n")
        let error = try refusal { () throws(TrainingError) in
            _ = try Examples.read(spec, paths: [file.path])
        }
        #expect(error.code == .unknownLabel)
        #expect(error.key == "task[0].sample_weight")
        #expect(error.line == 3)
    }

    private func read(_ spec: TrainingSpec, _ text: String) throws -> Examples {
        let file = try TemporaryFile(text)
        return try Examples.read(spec, paths: [file.path])
    }
}
