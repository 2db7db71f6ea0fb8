import ArgumentParser
import Glibc
import TandemNotation

/// The command line: train, look into, evaluate and use models, and ask the daemon.
@main
struct Tandem: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tandem",
        abstract:
            "Trains multi-task models, looks into them, and asks the daemon that serves them.",
        discussion: """
            A model is one directory, REPOSITORY/MODEL/VERSION. `train` writes it from a CSV file, \
            `tandemd` serves it over a Unix socket, and the other commands read either.

            Example, from nothing to a ranked list:
              tandem generate shop --impressions 200000 --seed 1 --out shop.csv
              tandem recipe show shop-mmoe > shop.toml
              tandem train shop.toml shop.csv --out models/shop/1
              tandemd --repository models --socket /tmp/tandem.sock &
              tandem rank --socket /tmp/tandem.sock --model shop \\
                  --context user_id=7 --candidates items.csv --top 10

            `tandem --version` says which one this is.
            """,
        subcommands: [
            Generate.self, RecipeCommand.self, Train.self, Import.self, Quantize.self,
            Evaluate.self, Predict.self, Rank.self, Inspect.self, Verify.self, Diff.self,
            Bench.self, Profile.self, Publish.self, Label.self, CollectGarbage.self,
            LoadTest.self, Status.self, Statistics.self, Metrics.self,
            Models.self, Load.self, Unload.self, Reload.self,
        ])

    static func main() {
        // Not the parser's own, which every command's help would list, beside an option of publish.
        if CommandLine.arguments.dropFirst() == ["--version"] {
            return Terminal.line(ToolVersion.text)
        }
        do {
            try checkCommand(CommandLine.arguments.dropFirst().first)
            var command = try parseAsRoot()
            try command.run()
        } catch {
            Failure.exit(error)
        }
    }
}

extension Tandem {
    /// Says what a mistyped command probably was; the parser would call it an argument too many.
    private static func checkCommand(_ word: String?) throws(Failure) {
        let names = configuration.subcommands.map { $0._commandName }
        guard let word, !word.hasPrefix("-"), word != "help", !names.contains(word) else { return }
        throw Failure(
            .usage,
            "there is no command '\(word)'; \(NearestName.remedy(word, among: names))")
    }
}

/// What this build calls itself.
enum ToolVersion {
    /// The version, as packages record it.
    static let text = "0.1.0"
}
