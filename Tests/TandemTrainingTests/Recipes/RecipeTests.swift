import TandemTraining
import Testing

@Suite struct RecipeTests {
    @Test(arguments: Recipe.all.map(\.name)) func `is a spec that parses`(name: String) throws {
        let recipe = try Recipe.named(name)
        let spec = try TrainingSpec(recipe.text)
        #expect(spec.tasks.count >= 2)
        #expect(recipe.summary.count < 70)
        #expect(recipe.text.split(separator: "\n").allSatisfy { $0.count <= 100 })
    }

    @Test func `refuses a name that is none and says what was meant`() throws {
        let error = try refusal { () throws(TrainingError) in _ = try Recipe.named("shop-mmo") }
        #expect(error.code == .unknownName)
        #expect(error.remedy.contains("'shop-mmoe'"))
    }

    @Test func `reads the generated shop`() throws {
        var log: [UInt8] = []
        try ShopGenerator(impressionCount: 3000, seed: 1).write { bytes, _ in log += bytes }
        let file = try TemporaryFile(log)
        let spec = try TrainingSpec(try Recipe.named("shop-mmoe").text)
        let examples = try Examples.read(spec, paths: [file.path])
        #expect(examples.rowCount == 3000)
        let (click, purchase, rating) = (
            examples.tasks[0].labels, examples.tasks[1].labels, examples.tasks[2].labels
        )
        for row in 0..<3000 {
            #expect(purchase[row].isNaN == (click[row] != 1))
            #expect(rating[row].isNaN == (purchase[row] != 1))
        }
        #expect(examples.rows(.test) == Array(2400..<3000))
    }
}

/// Counts are those of the data sets' own descriptions.
@Suite(.enabled(if: RealFiles.areThere)) struct RecipeRealFilesTests {
    struct Known: Sendable, CustomTestStringConvertible {
        let recipe: String
        let file: String
        let rowCount: Int
        /// Labelled rows and the sum of the labels, by task.
        let labels: [(count: Int, sum: Double)]
        var testDescription: String { recipe }
    }

    static let known = [
        Known(
            recipe: "adult", file: "adult/adult.data.gz", rowCount: 32_561,
            labels: [(32_561, 7841), (32_561, 10_683), (32_561, 1_316_684)]),
        Known(
            recipe: "online-shoppers", file: "online-shoppers/online_shoppers_intention.csv",
            rowCount: 12_330, labels: [(12_330, 1908), (12_330, 2730)]),
        Known(
            recipe: "credit-card-default",
            file: "credit-card-default/credit_card_default.csv.gz", rowCount: 30_000,
            labels: [(30_000, 6636), (30_000, 6818)]),
        Known(
            recipe: "scms-shipments",
            file: "scms-shipments/SCMS_Delivery_History_Dataset_20150929.csv.gz",
            rowCount: 10_324, labels: [(10_324, 1186), (10_324, 189_265_090), (6198, 0)]),
        Known(
            recipe: "bike-sharing-hourly", file: "bike-sharing-hourly/hour.csv.gz",
            rowCount: 17_379, labels: [(17_379, 620_017), (17_379, 2_672_662)]),
        Known(
            recipe: "womens-clothing-reviews",
            file: "womens-clothing-reviews/womens_clothing_reviews.csv.gz", rowCount: 23_486,
            labels: [(23_486, 19_314), (23_486, 75_062)]),
    ]

    @Test(arguments: known) func `finds the labels that the data set's page counts`(
        known: Known
    ) throws {
        let spec = try TrainingSpec(try Recipe.named(known.recipe).text)
        let examples = try Examples.read(spec, paths: [RealFiles.path(known.file)])
        #expect(examples.rowCount == known.rowCount)
        for (task, expected) in zip(examples.tasks, known.labels) {
            let labels = task.labels.filter { !$0.isNaN }
            #expect(labels.count == expected.count, "\(task.name)")
            let sum = labels.reduce(0) { $0 + Double($1) }
            if expected.sum > 0 { #expect(sum == expected.sum, "\(task.name)") }
        }
        let test = Double(examples.rows(.test).count) / Double(known.rowCount)
        #expect((0.18...0.22).contains(test))
    }
}
