import Glibc
import Testing

@testable import TandemPackage

@Suite struct PackageErrorTests {
    @Test func `prints on one line where, what and of which kind`() {
        let error = PackageError(
            .checksumMismatch, "the block does not have its checksum; copy the package again",
            path: "/srv/shop/3/ab.shard", subject: "tensor x", block: 2, byteOffset: 4096,
            expected: 1, actual: 2)
        #expect(
            error.description
                == "/srv/shop/3/ab.shard: tensor x: block 2: at byte 4096: the block does not have "
                + "its checksum; copy the package again (checksumMismatch)")
        #expect(PackageError(.noSpace, "full").description == "full (noSpace)")
    }

    @Test(arguments: [
        (ENOENT, PackageError.Code.notFound), (EACCES, .accessDenied), (EROFS, .accessDenied),
        (ENOSPC, .noSpace), (EDQUOT, .noSpace), (EFBIG, .noSpace), (ENOMEM, .outOfMemory),
        (ELOOP, .notRegularFile), (EIO, .inputOutput),
    ])
    func `translates the system's errors`(number: Int32, code: PackageError.Code) {
        let error = PackageError.system(number, "cannot write the file", "/f")
        #expect(error.code == code)
        #expect(error.systemError == number)
        #expect(error.description.hasPrefix("/f: cannot write the file: "))
        #expect(!error.message.hasSuffix(": "))
    }
}
