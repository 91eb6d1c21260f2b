//! The menu below the chat and the QR codes, as the platform wants them. Facts of the pages 自定义菜单创建 and
//! 生成带参数的二维码.

use serde_json::{Value, json};

use super::config::{Button, QrCode, WechatConfig};

/// Seconds of a day.
const DAY: u32 = 86_400;

/// The declared menu; `None`: none is declared.
pub fn menu(config: &WechatConfig) -> Option<Value> {
    if config.menu.is_empty() {
        return None;
    }
    Some(json!({ "button": config.menu.iter().map(button).collect::<Vec<_>>() }))
}

fn button(button: &Button) -> Value {
    let name = &button.name;
    if !button.items.is_empty() {
        let items: Vec<Value> = button.items.iter().map(self::button).collect();
        return json!({ "name": name, "sub_button": items });
    }
    if let Some(action) = button.action() {
        return json!({ "type": "click", "name": name, "key": action.key() });
    }
    if let Some(url) = &button.url {
        return json!({ "type": "view", "name": name, "url": url });
    }
    if let Some(program) = &button.mini_program {
        return json!({
            "type": "miniprogram", "name": name, "url": program.url, "appid": program.app_id, "pagepath": program.page,
        });
    }
    // What is scanned or picked is what counts; the key only has to be there.
    let kind = if button.place { "location_select" } else { "scancode_waitmsg" };
    json!({ "type": kind, "name": name, "key": kind })
}

/// A declared code.
pub fn code(code: &QrCode) -> Option<Value> {
    let scene = json!({ "scene": { "scene_str": code.action()?.key() } });
    Some(match code.days {
        Some(days) => {
            json!({ "expire_seconds": days * DAY, "action_name": "QR_STR_SCENE", "action_info": scene })
        }
        None => json!({ "action_name": "QR_LIMIT_STR_SCENE", "action_info": scene }),
    })
}

/// Where the picture of a code is.
pub fn picture(base: &str, ticket: &str) -> String {
    let escaped: String = ticket
        .bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect();
    format!("{base}/cgi-bin/showqrcode?ticket={escaped}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wechat::config::MiniProgram;
    use crate::wechat::testing::config;

    #[test]
    fn a_menu_and_codes_as_the_platform_wants_them() {
        let mut config = config();
        assert_eq!(menu(&config), None);
        let named = |name: &str| Button { name: name.to_owned(), ..Button::default() };
        config.menu = vec![
            Button { open: Some("id-card".into()), ..named("补证") },
            Button {
                items: vec![
                    Button { human: true, ..named("转人工") },
                    Button { url: Some("https://a.example".into()), ..named("网站") },
                    Button { place: true, ..named("附近窗口") },
                    Button { scan: true, ..named("扫一扫") },
                    Button {
                        mini_program: Some(MiniProgram {
                            app_id: "wx1".into(),
                            page: "p".into(),
                            url: "https://b".into(),
                        }),
                        ..named("小程序")
                    },
                ],
                ..named("服务")
            },
        ];
        assert_eq!(config.faults(), Vec::<String>::new());
        let menu = menu(&config).unwrap();
        assert_eq!(menu["button"][0], json!({ "type": "click", "name": "补证", "key": "open:id-card" }));
        let kinds: Vec<&Value> =
            menu["button"][1]["sub_button"].as_array().unwrap().iter().map(|item| &item["type"]).collect();
        assert_eq!(kinds, ["click", "view", "location_select", "scancode_waitmsg", "miniprogram"]);
        let permanent =
            QrCode { name: "w3".into(), open: Some("id-card".into()), say: None, human: false, days: None };
        assert_eq!(code(&permanent).unwrap()["action_name"], "QR_LIMIT_STR_SCENE");
        let month = code(&QrCode { days: Some(30), ..permanent }).unwrap();
        assert_eq!(
            (&month["expire_seconds"], &month["action_info"]["scene"]["scene_str"]),
            (&json!(2_592_000), &json!("open:id-card"))
        );
        assert_eq!(picture("https://mp", "gQ/ a+="), "https://mp/cgi-bin/showqrcode?ticket=gQ%2F%20a%2B%3D");
    }
}
