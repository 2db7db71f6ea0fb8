import TandemFeatures
import TandemNotation

/// A commented model spec that ships inside the tool, to train on known data and to learn from.
///
/// Recipes are Swift constants and not resources, so that the tool is one file.
package struct Recipe: Sendable {
    /// What it is called on the command line.
    package let name: String
    /// What it shows, in a few words.
    package let summary: String
    /// The spec, as TOML.
    package let text: String

    /// All recipes, the generated shop first.
    package static let all = [
        shop, censusIncome, adult, onlineShoppers, creditCardDefault, scmsShipments, bikeSharing,
        clothingReviews, customerService,
    ]

    /// The recipe of a name.
    ///
    /// - Throws: `unknownName` with the nearest one.
    package static func named(_ name: String) throws(TrainingError) -> Recipe {
        if let recipe = all.first(where: { $0.name == name }) { return recipe }
        throw TrainingError(
            .unknownName, "there is no recipe '\(name.cutShort)'",
            remedy: NearestName.remedy(name, among: all.map(\.name))
        ).with(\.text, name.cutShort)
    }
}
