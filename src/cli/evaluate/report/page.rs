//! The page: one file, nothing loaded from elsewhere, no scripts. Whatever comes from files is escaped by the template.

use jiff::tz::TimeZone;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::{Figure, Part, Report, Set, Words};

const STYLE: &str = include_str!("page.css");

/// Names the parts of a page that it may load: its own styles, and nothing else.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

pub(super) fn page(report: &Report) -> Markup {
    let date = report.date.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M UTC").to_string();
    html! {
        (DOCTYPE)
        html lang="zh-CN" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                title { "一口问：量出来的数 Measured" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    h1 { "一口问：量出来的数" span lang="en" { "What was measured" } }
                    p.when {
                        "版本 " span lang="en" { "Version" } " " b { (report.version) } " · "
                        time datetime=(report.date) { (date) }
                    }
                    p {
                        "不用大模型、每次结果都一样的评测，全在这一页。每张表下面是再量一遍的命令；"
                        "同样的数在 " a href="report.json" { "report.json" } " 里。"
                        span lang="en" {
                            "Everything that is measured without a language model and comes out the same every time. Below "
                            "each table is the command that measures it again; the same figures are in report.json."
                        }
                    }
                    nav aria-label="目录 Contents" {
                        ul {
                            @for part in &report.parts {
                                li { a href={ "#" (part.id) } { (part.title.zh) } }
                            }
                        }
                    }
                }
                main { @for part in &report.parts { (section(part)) } }
            }
        }
    }
}

fn both(words: &Words) -> Markup {
    html! { (words.zh) span lang="en" { (words.en) } }
}

fn section(part: &Part) -> Markup {
    html! {
        section id=(part.id) aria-labelledby={ (part.id) "-title" } {
            h2 id={ (part.id) "-title" } { (both(&part.title)) }
            p { (both(&part.about)) }
            @for set in &part.sets { (table(set)) }
        }
    }
}

fn table(set: &Set) -> Markup {
    html! {
        table {
            caption { code { (set.file) } }
            thead {
                tr {
                    th scope="col" { "项目 " span lang="en" { "Figure" } }
                    th.number scope="col" { "数 " span lang="en" { "Count" } }
                    th.number scope="col" { "占比 " span lang="en" { "Share" } }
                }
            }
            tbody { @for figure in &set.figures { (row(figure)) } }
        }
        p.again {
            span { "再量一遍 " span lang="en" { "Measure again" } }
            code { (set.command) }
        }
    }
}

fn row(figure: &Figure) -> Markup {
    html! {
        tr data-figure=(figure.id) {
            th scope="row" {
                (both(&figure.label))
                @if figure.low { small { "越少越好 " span lang="en" { "fewer is better" } } }
            }
            td.number data-part=(figure.part) data-whole=(figure.whole) {
                (figure.part) " / " (figure.whole)
            }
            td.number data-share=(figure.share) {
                (percent(figure.share))
                svg class=(if figure.low { "bar low" } else { "bar" }) viewBox="0 0 100 8" preserveAspectRatio="none"
                    aria-hidden="true" {
                    rect.whole width="100" height="8" {}
                    rect.part width=(format!("{:.2}", figure.share * 100.0)) height="8" {}
                }
            }
        }
    }
}

/// A share with one digit behind the point; what is not all is never shown as all.
fn percent(share: f64) -> String {
    let tenths = (share * 1000.0).round();
    let tenths = if share < 1.0 { tenths.min(999.0) } else { tenths };
    format!("{:.1} %", tenths / 10.0)
}
