import TandemGraph
import Testing

@testable import TandemPackage

@Suite struct ShardLayoutTests {
    private static func names(_ drafts: [ShardDraft]) -> [[String]] {
        drafts.map { $0.pieces.map(\.name) }
    }

    @Test func `keeps programs, trunk, tasks and tables apart`() throws {
        let contents = try SampleContents.make()
        let layout = ShardLayout(shardByteCountTarget: 1 << 20, sharedByteCountMax: 0)
        let names = Self.names(layout.drafts(contents))
        #expect(names.contains(["embedding/user"]))
        #expect(names.contains(["embedding/user/int8", "embedding/user/scale"]))
        #expect(names.contains(["trunk/hidden/bias"]))
        #expect(names.contains(["trunk/hidden/weight"]))
        #expect(names.contains(["trunk/hidden/weight/int8", "trunk/hidden/weight/scale"]))
        #expect(names.contains(["task/click/weight"]))
        #expect(names.contains(["task/amount/weight"]))
        #expect(names.flatMap { $0 }.sorted() == contents.tensors.keys.sorted())
    }

    @Test func `puts small groups of one kind and the same programs together`() throws {
        let contents = try SampleContents.make()
        let layout = ShardLayout(shardByteCountTarget: 1 << 20, sharedByteCountMax: 1 << 20)
        let names = Self.names(layout.drafts(contents))
        #expect(names.contains(["task/amount/weight", "task/click/weight"]))
        let tables = [
            "age", "answer", "colours", "item", "question", "title", "user", "visits",
        ]
        #expect(names.contains(tables.map { "embedding/" + $0 }))
        #expect(names.count == 6)
    }

    @Test func `cuts a table between rows and starts it in a shard of its own`() throws {
        let contents = try SampleContents.make(userCount: 98)
        let layout = ShardLayout(shardByteCountTarget: 330, sharedByteCountMax: 1 << 20)
        let pieces = layout.drafts(contents).flatMap(\.pieces).filter {
            $0.name == "embedding/user"
        }
        // 100 rows of 8 bytes, 41 to a shard.
        #expect(pieces.map(\.rowBegin) == [0, 41, 82])
        #expect(pieces.map(\.rowCount) == [41, 41, 18])
        #expect(pieces.map(\.offset) == [0, 0, 0])
    }

    @Test func `gives each row a shard when rows are larger than the target`() throws {
        let contents = try SampleContents.make()
        let layout = ShardLayout(shardByteCountTarget: 64, sharedByteCountMax: 0)
        let pieces = layout.drafts(contents).flatMap(\.pieces)
        #expect(
            pieces.filter { $0.name == "trunk/hidden/weight" }.map(\.rowCount)
                == Array(repeating: 1, count: 8))
        #expect(pieces.allSatisfy { $0.offset % 64 == 0 })
    }

    @Test func `cuts blocks after 1 MiB and around larger tensors`() {
        func blocks(_ sizes: [Int]) -> [Int] {
            var draft = ShardDraft()
            var offset = 0
            for size in sizes {
                draft.pieces.append(
                    ShardDraft.Piece(
                        name: "", offset: offset, rowBegin: 0, rowCount: 1, byteCount: size))
                offset = ShardFormat.aligned(offset + size)
            }
            return ShardEncoder.blocks(draft).map(\.count)
        }
        let mebibyte = 1 << 20
        let cut = ShardEncoder.blockCutByteCount
        #expect(blocks([1]) == [1])
        #expect(blocks([64, 100]) == [164])
        #expect(blocks([mebibyte]) == [mebibyte])
        #expect(blocks([mebibyte + 1]) == [mebibyte, 1])
        #expect(blocks([2 * mebibyte + 64, 64]) == [mebibyte, mebibyte, 128])
        #expect(blocks([64, cut]) == [64, cut])
        #expect(blocks([64, cut - 64]) == [cut])
        #expect(blocks([cut, 64, 64]) == [cut, 128])
    }
}
