from __future__ import annotations

import re
from datetime import date
from html.parser import HTMLParser
from importlib import resources
from pathlib import Path

import pytest

from models.classifier import packaged_classifier
from models.records import Level
from reports.digest import DigestScope, publish_digest
from reports.english import english
from storage import incidents
from storage.store import Store
from tests import world
from tests.console.conftest import Browse, Hands, settings

PAGES = (
    "/",
    "/incidents/i-water",
    "/incidents/i-bus",
    "/mentions",
    "/mentions?day=2026-11-24&reposts=1",
    "/mentions/m-outage",
    "/mentions/m-odd",
    "/mentions/m-copy-1",
    "/stories",
    "/stories/s-water",
    "/digests",
    "/digests/daily/2026-11-24",
    "/sources",
    "/deliveries",
    "/incidents/i-water/forms/opinion_record",
    "/incidents/i-water/forms/response_approval",
    "/silences",
    "/duty",
)
EMPTY = (
    "DELETE FROM incident",
    "DELETE FROM clock",
    "DELETE FROM mention",
    "DELETE FROM mention_match",
    "DELETE FROM source_run",
    "DELETE FROM cycle",
    "DELETE FROM delivery",
)


@pytest.fixture
def published(store: Store) -> date:
    with store.transaction() as tx:
        publish_digest(tx, world.DAY, DigestScope(place="清岚区"), world.NOW)
    return world.DAY


def empty(store: Store) -> None:
    """Make the database one that nothing has happened in."""
    with store.transaction() as tx:
        for statement in EMPTY:
            tx.run(statement)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_page_opens(browse: Browse, published: date, language: str) -> None:
    hands = browse(settings(language=language))
    hands.sign_in()
    for address in PAGES:
        hands.open(address)
        assert hands.status == 200, address
        assert hands.page.count("<h1") == 1, address


class Page(HTMLParser):
    """Collects what is live in a page: tags, loads, handlers, inline styles, link targets."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.handlers: list[str] = []
        self.targets: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            if name.startswith("on") or name == "style":
                self.handlers.append(f"{tag} {name}")
            if name in {"href", "src", "action", "formaction"}:
                self.targets.append(value or "")


def test_no_page_runs_or_loads_anything_foreign(officer: Hands, published: date) -> None:
    for address in PAGES:
        page = Page(officer.open(address))
        assert "script" not in page.tags, address
        assert page.handlers == [], address
        outside = [t for t in page.targets if not t.startswith(("/", "#"))]
        # The only links out lead to the original page of a mention.
        assert all(t == "https://example.invalid/thread/1" for t in outside), address


def test_a_link_that_is_not_http_is_shown_but_not_live(officer: Hands) -> None:
    page = officer.open("/mentions/m-odd")
    assert "javascript:alert(3)" in page
    assert not re.search(r'href="javascript', page)


def test_the_board_shows_level_words_clocks_and_who_has_it(officer: Hands) -> None:
    page = officer.open("/")
    assert "橙色（重大）" in page
    assert "剩余18小时" in page
    assert "11月25日 10:30" in page
    assert "已超时2小时" in page
    assert "尚无人签收" in page
    assert "值班员甲" in page


def test_the_board_puts_what_is_overdue_first(officer: Hands) -> None:
    page = officer.open("/")
    assert page.index("12 路公交间隔过长") < page.index(world.OUTAGE)


def test_the_board_counts_reposts_apart(officer: Hands) -> None:
    page = officer.open("/")
    assert "独立 3 条" in page
    assert "转载 3 条" in page


def test_the_board_says_when_what_it_shows_is_old(officer: Hands) -> None:
    officer.pass_time(hours=3)
    assert "以下内容可能已过时" in officer.open("/")


def test_the_board_can_be_kept_still(officer: Hands) -> None:
    assert 'http-equiv="refresh"' in officer.open("/")
    assert 'http-equiv="refresh"' not in officer.open("/?refresh=off")


def test_an_empty_board_says_what_will_come(browse: Browse, store: Store) -> None:
    empty(store)
    hands = browse(settings())
    hands.sign_in()
    assert "目前没有处置中的事件" in hands.open("/")
    assert "库中还没有信息" in hands.open("/mentions")
    assert "还没有生成过日报" in hands.open("/digests")


def test_an_incident_shows_reasons_clock_origins_and_deliveries(officer: Hands) -> None:
    page = officer.open("/incidents/i-water")
    assert "1 小时内负面 4 条，达到阈值 3 条" in page
    assert "自发现 11月24日 10:30 起算" in page
    assert "发送失败" in page
    assert "HTTP 404" in page
    assert "连接超时" in page
    assert "250 OK" in page


def test_an_incident_lists_originals_and_counts_their_copies(officer: Hands) -> None:
    page = officer.open("/incidents/i-water")
    assert page.count('class="mention"') == 3
    assert "/mentions/m-copy-0" not in page


def test_a_hit_is_marked_in_the_original_words(officer: Hands) -> None:
    page = officer.open("/mentions/m-outage")
    assert "东河街道连续<mark" in page
    assert ">停水</mark>" in page
    assert ">应急供水</mark>" in page


def test_a_liaison_reads_the_gist_not_the_text(stranger: Hands) -> None:
    stranger.sign_in("联络员丙", "liaison")
    page = stranger.open("/mentions/m-outage")
    assert "您的岗位只能查看要点" in page
    assert 'class="text"' not in page


@pytest.mark.parametrize(
    ("query", "there", "absent"),
    [
        ("source=gov", "m-news", "m-lamp"),
        ("topic=transport", "没有符合条件的信息", "m-lamp"),
        ("sentiment=negative", "m-outage", "m-lamp"),
        ("sentiment=unclassified", "m-odd", "m-lamp"),
        ("query=供水", "m-outage", "m-rumour"),
        ("story=s-water&reposts=1", "m-copy-2", "m-lamp"),
        ("incident=i-water", "m-rumour", "m-copy-0"),
        ("words=落户", "m-thanks", "m-lamp"),
        ("day=2026-11-23", "m-asked", "m-outage"),
        ("", "m-lamp", "m-copy-0"),
    ],
    ids=str,
)
def test_mentions_are_filtered(officer: Hands, query: str, there: str, absent: str) -> None:
    page = officer.open(f"/mentions?{query}")
    assert there in page
    assert f"/mentions/{absent}" not in page


NONSENSE = (
    "/mentions?day=yesterday&before=-1&topic=';--&words=%00%25",
    "/mentions?day=9999-12-31",
    "/mentions?day=0001-01-01",
    "/mentions?before=999999999999999999&source=%ff",
    "/mentions/%00",
    "/mentions/%ff%fe",
    "/incidents/%00' OR 1=1",
    "/stories?days=-1",
    "/stories/%00' OR 1=1",
    "/stories/s-water?until=yesterday&before=-3",
    "/stories/s-water?until=0001-01-01T00:00:00%2B08:00",
    "/stories/s-water?until=2199-01-01T00:00:00Z",
    "/digests/daily/0001-01-01",
    "/digests/%ff/2026-11-24",
    "/digests?page=99999",
    "/deliveries?page=-3&status=';--",
)


def test_addresses_that_make_no_sense_show_a_page_not_a_fault(officer: Hands) -> None:
    for address in NONSENSE:
        officer.open(address)
        assert officer.status in {200, 404}, address


def test_a_label_of_a_mention_that_is_not_there_is_refused(officer: Hands, store: Store) -> None:
    officer.open("/mentions/m-lamp")
    officer.send("/mentions/nothing/label", head="sentiment", label="negative")
    assert officer.status == 404
    with store.read() as reader:
        assert reader.value("SELECT count(*) FROM correction") == 0


def test_pages_of_mentions_meet_without_gap_or_repeat(browse: Browse) -> None:
    hands = browse(settings(page_size=4))
    hands.sign_in()
    seen: list[str] = []
    address = "/mentions?reposts=1"
    while address:
        page = hands.open(address)
        seen += re.findall(r'<h3><a href="/mentions/([^"]+)"', page)
        following = re.search(r'rel="next" href="([^"]+)"', page)
        address = following[1].replace("&amp;", "&") if following else ""
    assert len(seen) == len(set(seen)) == 17


def test_a_digest_is_shown_as_it_was_published(officer: Hands, published: date) -> None:
    page = officer.open("/digests/daily/2026-11-24")
    assert 'src="/digests/daily/2026-11-24/document"' in page
    document = officer.open("/digests/daily/2026-11-24/document")
    assert "2026年第1期（总第1期）" in document
    policy = officer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "sandbox" in policy
    assert "script" not in policy


def test_a_digest_can_be_taken_as_text(officer: Hands, published: date) -> None:
    text = officer.open("/digests/daily/2026-11-24/markdown")
    assert text.startswith("# 清岚区政务舆情日报")
    assert "attachment" in officer.headers["content-disposition"]


def test_sources_in_trouble_come_first_with_their_reason(officer: Hands) -> None:
    page = officer.open("/sources")
    assert page.index("岚城晚报") < page.index("清岚论坛")
    assert "连接超时（30 秒）" in page
    assert "连续失败 2 次" in page
    assert "未运行" in page


def test_deliveries_are_filtered_by_result(officer: Hands) -> None:
    assert "已送达" in officer.open("/deliveries?status=sent")
    assert "HTTP 404" not in officer.page


def test_an_address_that_may_hold_a_key_is_cut(officer: Hands, store: Store) -> None:
    with store.transaction() as tx:
        tx.run("UPDATE delivery SET receiver = 'https://hook.invalid/send?key=secret'")
    for address in ("/deliveries", "/incidents/i-water"):
        assert "secret" not in officer.open(address)
        assert "hook.invalid/…" in officer.page


@pytest.mark.parametrize(
    "address", ["/incidents/nobody", "/mentions/nothing", "/digests/daily/2020-01-01", "/nowhere"]
)
def test_what_is_not_there_is_a_page_that_says_so(officer: Hands, address: str) -> None:
    page = officer.open(address)
    assert officer.status == 404
    assert "没有找到" in page


def test_the_officer_confirms_a_level_with_a_reason(officer: Hands, store: Store) -> None:
    officer.open("/incidents/i-water")
    officer.send("/incidents/i-water/level", level="red", reason="已出现就医报告")
    assert "等级已确认" in officer.page
    with store.read() as reader:
        case = incidents.incident(reader, "i-water")
        steps = incidents.steps(reader, "i-water")
    assert case is not None
    assert case.level_confirmed is Level.RED
    assert (steps[-1].who, steps[-1].note) == ("值班员甲", "已出现就医报告")


def test_a_refusal_is_shown_and_what_was_typed_is_kept(officer: Hands) -> None:
    officer.open("/incidents/i-water")
    page = officer.send("/incidents/i-water/level", level="blue", reason="")
    assert officer.status == 409
    assert "须写明理由" in page
    assert '<option value="blue" selected>' in page


def test_only_legal_steps_are_offered_and_an_illegal_one_is_refused(officer: Hands) -> None:
    page = officer.open("/incidents/i-water")
    assert 'value="assigned"' in page
    assert 'value="archived"' not in page
    assert "可转为" in officer.send("/incidents/i-water/state", to="archived")
    assert officer.status == 409


def test_a_step_is_taken_and_stands_in_the_history(officer: Hands) -> None:
    officer.open("/incidents/i-water")
    page = officer.send("/incidents/i-water/state", to="reported_up", note="已电话报送")
    assert "状态已更新" in page
    assert "研判 → 报送" in page
    assert "已电话报送" in page


def test_a_unit_is_named(officer: Hands) -> None:
    officer.open("/incidents/i-water")
    page = officer.send(
        "/incidents/i-water/unit", unit="区水务局", co_units="东河街道、区卫健委", note=""
    )
    assert "已交办" in page
    assert "区水务局" in page
    assert "东河街道、区卫健委" in page


def test_a_duty_is_marked_as_done_with_what_was_done(officer: Hands) -> None:
    officer.open("/incidents/i-bus")
    page = officer.send("/incidents/i-bus/clock", clock="respond_other_limit", note="已在官网答复")
    assert "时限已标记为完成" in page
    assert "已在官网答复" in page
    officer.send("/incidents/i-bus/clock", clock="nothing", note="x")
    assert officer.status == 409


def test_an_emergency_grade_needs_its_basis(officer: Hands, store: Store) -> None:
    officer.open("/incidents/i-water")
    officer.send("/incidents/i-water/grade", grade="orange", reason="")
    assert officer.status == 409
    officer.send("/incidents/i-water/grade", grade="orange", reason="三十人以上就医")
    with store.read() as reader:
        case = incidents.incident(reader, "i-water")
    assert case is not None
    assert case.emergency_grade is Level.ORANGE


def test_the_history_tells_each_decision_by_its_name(officer: Hands) -> None:
    officer.open("/incidents/i-water")
    officer.send("/incidents/i-water/level", level="orange", reason="同意建议")
    officer.send("/incidents/i-water/grade", grade="orange", reason="三十人以上就医")
    page = officer.open("/incidents/i-water")
    assert "等级 橙色（重大） → 橙色（重大）" in page
    assert "突发事件等级 橙色（重大）" in page
    assert "已通知 duty@qinglan.invalid（mail，首次预警）" in page


def test_a_label_is_corrected_by_a_person(officer: Hands) -> None:
    officer.open("/mentions/m-lamp")
    page = officer.send("/mentions/m-lamp/label", head="sentiment", label="negative", note="")
    assert "标注已更正" in page
    assert "中性 → 负面" in page
    page = officer.send("/mentions/m-lamp/label", head="urgency", label="2", note="有人摔伤")
    assert "一般 → 危及安全或公共健康（有人摔伤）" in page
    officer.send("/mentions/m-lamp/label", head="sentiment; DROP", label="negative")
    assert officer.status == 400


def test_a_label_tells_its_reasons(officer: Hands, store: Store) -> None:
    assert "依据：" not in officer.open("/mentions/m-lamp")  # another model's label
    with store.transaction() as tx:
        tx.run("UPDATE mention SET model = ?", [packaged_classifier().version])
    page = officer.open("/mentions/m-lamp")
    topic = re.search(r'话题</th>.*?<tr class="why">(.*?)</tr>', page, re.DOTALL)
    assert topic
    assert "路灯" in topic[1]
    told = page.count('class="why"')
    page = officer.send("/mentions/m-lamp/label", head="topic", label="transport", note="")
    assert page.count('class="why"') == told - 1
    with store.transaction() as tx:
        tx.run("UPDATE mention SET text = ''")
    assert "依据：" not in officer.open("/mentions/m-lamp")


def test_who_may_not_read_a_text_is_told_no_piece_of_it(browse: Browse, store: Store) -> None:
    with store.transaction() as tx:
        tx.run("UPDATE mention SET model = ?", [packaged_classifier().version])
    hands = browse(settings())
    hands.sign_in("承办员", "liaison")
    assert "依据：" not in hands.open("/mentions/m-lamp")


def confirm_lamp(officer: Hands) -> str:
    """Press the button of the page that is open."""
    model = re.search(r'name="model" value="([^"]+)"', officer.page)
    assert model
    return officer.send("/mentions/m-lamp/right", model=model[1])


def test_right_labels_are_confirmed_with_one_click(officer: Hands, store: Store) -> None:
    assert "其余判读无误" not in officer.open("/mentions/m-lamp")
    page = confirm_lamp(officer)
    assert "已记录：判读无误" in page
    assert "中性 无误；市政服务 无误；" in page
    assert "/mentions/m-lamp/right" not in page
    assert page.count('<td class="n">人工</td>') == 4
    with store.read() as reader:
        assert reader.value("SELECT count(*) FROM correction") == 4
        assert reader.value("SELECT count(*) FROM correction WHERE label <> was") == 0


def test_labels_already_corrected_are_not_confirmed_again(officer: Hands, store: Store) -> None:
    officer.open("/mentions/m-lamp")
    page = officer.send("/mentions/m-lamp/label", head="sentiment", label="negative", note="")
    assert "其余判读无误" in page
    assert "负面 无误" not in confirm_lamp(officer)
    with store.read() as reader:
        assert reader.value("SELECT count(*) FROM correction WHERE head = 'sentiment'") == 1


def test_labels_of_a_model_nobody_saw_are_not_confirmed(officer: Hands) -> None:
    officer.open("/mentions/m-lamp")
    page = officer.send("/mentions/m-lamp/right", model="older")
    assert officer.status == 409
    assert "请看过新的判读再确认" in page


def test_a_mention_that_is_not_there_cannot_be_confirmed(officer: Hands) -> None:
    officer.open("/mentions/m-lamp")
    officer.send("/mentions/m-none/right")
    assert officer.status == 404


def test_acknowledging_names_the_officer(officer: Hands) -> None:
    officer.open("/incidents/i-bus")
    page = officer.send("/incidents/i-bus/acknowledge")
    assert "已签收" in page
    assert "值班员甲（" in re.sub(r"<[^>]+>", "", page)


def sentences(package: str) -> set[str]:
    """Return every sentence the templates of a package translate."""
    folder = Path(str(resources.files(package))) / "templates"
    found = (
        match[1] or match[2]
        for file in folder.iterdir()
        for match in re.finditer(r"""_\((?:"([^"]*)"|'([^']*)')\)""", file.read_text("utf-8"))
    )
    return set(found)


def spoken(package: str) -> set[str]:
    """Return every Chinese sentence in a package's code that goes through a translator."""
    folder = Path(str(resources.files(package)))
    text = "".join(f.read_text("utf-8") for f in folder.rglob("*.py"))
    pattern = r'(?:say|translator\(language\)|_form\(visit,|RefusedFormError)\(?\s*"([^"]+)"'
    return {s for s in re.findall(pattern, text) if re.search(r"[\u4e00-\u9fff]", s)}


@pytest.mark.parametrize("package", ["reports", "console"])
def test_every_sentence_has_its_english(package: str) -> None:
    known = english("reports") | english("console")
    wanted = sentences(package) | spoken(package)
    assert len(wanted) > 40
    assert sorted(s for s in wanted if s not in known) == []


def test_every_english_sentence_keeps_its_blanks() -> None:
    for chinese, said in (english("reports") | english("console")).items():
        blanks = re.findall(r"\{\w+\}", chinese)
        assert sorted(blanks) == sorted(re.findall(r"\{\w+\}", said)), chinese


def test_english_pages_carry_no_chinese_of_ours(browse: Browse, store: Store) -> None:
    empty(store)
    hands = browse(settings(language="en", place="Qinglan", sources={}))
    hands.sign_in("Officer", "duty_officer")
    for address in (
        "/",
        "/mentions",
        "/stories",
        "/digests",
        "/sources",
        "/deliveries",
        "/silences",
        "/duty",
        "/x",
        "/login",
    ):
        assert re.findall(r"[\u4e00-\u9fff]+", hands.open(address)) == [], address
