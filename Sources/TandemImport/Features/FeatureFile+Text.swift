import TandemFeatures
import TandemGraph
import TandemNotation

extension FeatureFile.Entry {
    /// Reads a text feature: the tokeniser's files, and where mask and segments go.
    mutating func readText(_ table: FeatureTable, _ files: ExternalFiles) throws(ImportError) {
        rawType = .text
        listLengthMax = try table.integer("max_length", in: 1...FeatureLimits.listLengthMax)
        lengthInput = try table.text("length_input")
        maskInput = try table.text("mask_input")
        segmentInput = try table.text("segment_input")
        let path = try table.requiredText("tokenizer")
        let mergesPath = try table.text("merges")
        var settings = TokenizerFile.Settings()
        settings.padding = try table.text("padding")
        let isWhole = path.hasSuffix(".json") && mergesPath == nil
        if !isWhole {
            settings.begin = try table.text("begin")
            settings.end = try table.text("end")
            settings.unknown = try table.text("unknown")
            if mergesPath == nil {
                settings.isLowered = try table.truth("lowercase") ?? true
            } else {
                settings.addsSpace = try table.truth("add_prefix_space") ?? false
            }
        }
        let file = try BesideFile(path, "tokenizer", table, files)
        let merges = try mergesPath.map { path throws(ImportError) in
            try BesideFile(path, "merges", table, files)
        }
        do throws(NotationError) {
            if let merges {
                encoding = .tokens(
                    try TokenizerFile.tokenizer(
                        vocabulary: file.bytes, merges: merges.bytes, settings))
            } else if isWhole {
                encoding = .tokens(try TokenizerFile.tokenizer(json: file.bytes, settings))
            } else {
                encoding = .tokens(try TokenizerFile.tokenizer(vocabulary: file.bytes, settings))
            }
        } catch {
            throw file.failure(error)
        }
    }
}
