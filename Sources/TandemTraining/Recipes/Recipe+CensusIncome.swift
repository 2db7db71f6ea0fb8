extension Recipe {
    /// Income and marital status of the census, as in the MMoE paper.
    static let censusIncome = Recipe(
        name: "census-income-kdd", summary: "income above 50K and never married, as the MMoE paper",
        text: #"""
            # Census-Income (KDD): the tasks of the paper that introduced MMoE (Ma et al., 2018).
            #
            #     tandem train census-income-kdd.toml census-income.test.gz
            #
            # The file has no header, so its columns are named here, in order.

            [model]
            name = "census-income"
            architecture = "mmoe"
            experts = 4
            expert_layers = [64, 32]
            tower_layers = [16]

            [data]
            header = false
            columns = [
                "age", "class_worker", "det_ind_code", "det_occ_code", "education",
                "wage_per_hour", "hs_college", "marital_stat", "major_ind_code", "major_occ_code",
                "race", "hisp_origin", "sex", "union_member", "unemp_reason", "full_or_part_emp",
                "capital_gains", "capital_losses", "stock_dividends", "tax_filer_stat",
                "region_prev_res", "state_prev_res", "det_hh_fam_stat", "det_hh_summ",
                "instance_weight", "mig_chg_msa", "mig_chg_reg", "mig_move_reg", "mig_same",
                "mig_prev_sunbelt", "num_emp", "fam_under_18", "country_father", "country_mother",
                "country_self", "citizenship", "own_or_self", "vet_question", "vet_benefits",
                "weeks_worked", "year", "income_50k",
            ]
            trim = true                 # fields are separated by a comma and a blank
            missing = ["?"]

            # Not among the inputs: marital_stat and income_50k, which are labels; education, which
            # is the paper's other task; instance_weight, which says how many people a row stands
            # for and is not a property of one.

            [[feature]]
            columns = ["age", "num_emp", "weeks_worked"]
            kind = "numeric"

            [[feature]]
            # Mostly 0, and far apart otherwise: the logarithm brings them together.
            columns = ["wage_per_hour", "capital_gains", "capital_losses", "stock_dividends"]
            kind = "numeric"
            transform = ["log1p", "standardize"]

            # Some of the same numbers again, cut into buckets that are equally full: income follows
            # none of them along a line, and a gain of 7,688 has a meaning of its own.
            [[feature]]
            name = "age_bucket"
            column = "age"
            kind = "buckets"
            buckets = 20
            embedding_dim = 3

            [[feature]]
            name = "weeks_worked_bucket"
            column = "weeks_worked"
            kind = "buckets"
            buckets = 20
            embedding_dim = 3

            [[feature]]
            name = "capital_gains_bucket"
            column = "capital_gains"
            kind = "buckets"
            buckets = 64
            embedding_dim = 3

            [[feature]]
            name = "capital_losses_bucket"
            column = "capital_losses"
            kind = "buckets"
            buckets = 64
            embedding_dim = 3

            [[feature]]
            name = "stock_dividends_bucket"
            column = "stock_dividends"
            kind = "buckets"
            buckets = 64
            embedding_dim = 3

            [[feature]]
            # Codes are categories even where they are written as numbers.
            columns = [
                "class_worker", "det_ind_code", "det_occ_code", "hs_college", "major_ind_code",
                "major_occ_code", "race", "hisp_origin", "sex", "union_member", "unemp_reason",
                "full_or_part_emp", "tax_filer_stat", "region_prev_res", "state_prev_res",
                "det_hh_fam_stat", "det_hh_summ", "mig_chg_msa", "mig_chg_reg", "mig_move_reg",
                "mig_same", "mig_prev_sunbelt", "fam_under_18", "country_father",
                "country_mother", "country_self", "citizenship", "own_or_self", "vet_question",
                "vet_benefits", "year",
            ]
            # Narrow embeddings: 6 % of the rows are positive, so wide ones learn them by heart.
            kind = "categorical"
            embedding_dim = 3

            [[task]]
            name = "income"
            kind = "binary"
            label = 'income_50k == "50000+."'
            classes = ["up to 50K", "above 50K"]

            [[task]]
            name = "never_married"
            kind = "binary"
            label = 'marital_stat == "Never married"'

            [training]
            learning_rate = 0.001
            batch_size = 512
            epochs = 20
            patience = 3
            l2 = 0.5
            averaging = 0.998
            seed = 1
            """# + "\n")
}
