import ArgumentParser
import TandemTraining

/// Model specifications that ship inside the tool.
struct RecipeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "recipe",
        abstract: "Lists and shows model specifications that ship inside the tool.",
        discussion: """
            Example:
              tandem recipe list
              tandem recipe show shop-mmoe > shop.toml
            """,
        subcommands: [RecipeList.self, RecipeShow.self])
}

/// Lists the recipes.
struct RecipeList: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Lists the recipes, one a line.",
        discussion: "Example:\n  tandem recipe list")

    @Flag(help: "Print JSON.")
    var json = false

    func run() {
        if json {
            let items = Recipe.all.map {
                JSONText.object([("name", .string($0.name)), ("summary", .string($0.summary))])
            }
            Terminal.line(JSONText.array(items).text)
            return
        }
        var table = TextTable(["recipe", "what it trains"])
        for recipe in Recipe.all { table.add([recipe.name, recipe.summary]) }
        Terminal.write(table.text)
    }
}

/// Shows a recipe.
struct RecipeShow: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Prints a recipe as the TOML that `tandem train` takes.",
        discussion: "Example:\n  tandem recipe show shop-mmoe > shop.toml")

    @Argument(help: "The recipe's name.")
    var name: String

    func run() throws {
        Terminal.write(try Recipe.named(name).text)
    }
}
