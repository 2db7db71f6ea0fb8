import TandemTraining
import Testing

@Suite struct DateFormTests {
    @Test(arguments: [
        ("%Y-%m-%d", "1970-01-01", 0), ("%Y-%m-%d", "2000-03-01", 11_017),
        ("%Y-%m-%d", "1969-12-31", -1), ("%d-%b-%y", "02-Jun-06", 13_301),
        ("%d-%b-%y", "1-jan-70", 0), ("%d-%b-%y", "31-DEC-68", 36_159),
        ("%m/%d/%Y", "2/29/2000", 11_016), ("%Y%m%d", "20001231", 11_322),
        ("%Y-%m-%d %H:%M:%S", "1970-01-02 06:00:00", 1.25), ("%Y-%m-%d", " 1970-01-01 ", 0),
    ])
    func `counts days since 1970`(form: String, text: String, days: Double) throws {
        let parsed = try #require(DateForm(form))
        #expect(Array(text.utf8).withUnsafeBytes { parsed.days($0) } == days)
    }

    @Test(arguments: [
        "", "1970-01", "1970-13-01", "1970-00-01", "1970-02-29", "1900-02-29", "1970-01-32",
        "1970-01-01x", "x1970-01-01", "Pre-PQ Process", "1970/01/01", "19700-01-01",
    ])
    func `refuses what is no date of the form`(text: String) throws {
        let parsed = try #require(DateForm("%Y-%m-%d"))
        #expect(Array(text.utf8).withUnsafeBytes { parsed.days($0) } == nil)
    }

    @Test(arguments: ["", "%Y", "%Y-%m", "%Y-%m-%q", "%Y-%m-%d%", "%H:%M"])
    func `refuses a form without year, month and day`(form: String) {
        #expect(DateForm(form) == nil)
    }
}
