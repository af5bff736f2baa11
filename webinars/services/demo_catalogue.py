"""Facts for the demo: areas, conditions, webinars. The clinic and its people are invented."""

from __future__ import annotations

from dataclasses import dataclass

AREAS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (
        "shoulder",
        "Shoulder",
        (
            "Rotator cuff tears and tendinitis",
            "Shoulder instability",
            "SLAP / labral tears",
            "Shoulder arthritis",
            "Other degenerative conditions and overuse injuries",
        ),
    ),
    (
        "cervical-spine",
        "Neck (cervical spine)",
        (
            "Herniated, bulging or protruding discs",
            "Degenerative disc disease",
            "Pinched nerves",
        ),
    ),
    (
        "lower-spine",
        "Lower back (lumbar spine)",
        (
            "Herniated, bulging or protruding discs",
            "Degenerative disc disease",
            "SI joint syndrome",
            "Sciatica",
            "Pinched nerves and general back pain",
        ),
    ),
    (
        "knee",
        "Knee",
        (
            "Meniscus tears",
            "ACL tears",
            "Knee instability",
            "Knee osteoarthritis",
            "Other ligament, tendon and overuse injuries",
        ),
    ),
    (
        "hand-wrist",
        "Hand & wrist",
        (
            "Hand and wrist arthritis",
            "Carpal tunnel syndrome",
            "Trigger finger",
            "Thumb (basal joint, CMC) arthritis",
            "Other conditions that cause pain",
        ),
    ),
    (
        "elbow",
        "Elbow",
        (
            "Golfer's elbow and tennis elbow",
            "Arthritis",
            "Ulnar collateral ligament wear",
        ),
    ),
    (
        "hip",
        "Hip",
        (
            "Labral tear",
            "Hip arthritis",
            "Hip bursitis",
            "Hip sprain, tendonitis or inflammation",
            "Hip instability",
        ),
    ),
    (
        "foot-ankle",
        "Foot & ankle",
        (
            "Ankle arthritis",
            "Plantar fasciitis",
            "Ligament sprains or tears",
            "Other conditions that cause pain",
        ),
    ),
)
"""Slug, name, conditions."""


@dataclass(frozen=True, slots=True)
class DemoPresenter:
    slug: str
    name: str
    credentials: str
    biography: str


PRESENTERS = (
    DemoPresenter(
        "maria-castellan",
        "Dr. Maria Castellan",
        "MD, Physical Medicine and Rehabilitation",
        "Maria has treated knees and hips without surgery for twelve years. She likes plain words, and questions.",
    ),
    DemoPresenter(
        "owen-hartwick",
        "Dr. Owen Hartwick",
        "DO, Interventional Spine",
        "Owen looks after necks and backs. Before medicine he was a carpenter, and his own back remembers it.",
    ),
    DemoPresenter(
        "priya-venkat",
        "Dr. Priya Venkat",
        "MD, Sports Medicine",
        "Priya works with shoulders, elbows and hands, from violinists to pitchers.",
    ),
)


@dataclass(frozen=True, slots=True)
class DemoWebinar:
    slug: str
    title: str
    summary: str
    topic: str | None
    presenter: str
    learn: tuple[str, ...]


WEBINARS = (
    DemoWebinar(
        "knee-options",
        "Knee pain: options before surgery",
        "Non-surgical options for knee osteoarthritis, meniscus and ligament injuries.",
        "knee",
        "maria-castellan",
        (
            "Why surgery is not always necessary for osteoarthritis pain",
            "Whether severe, bone-on-bone arthritis rules treatment out",
            "Whether you need a recent MRI before an evaluation",
        ),
    ),
    DemoWebinar(
        "back-pain-without-fusion",
        "Back pain and sciatica without fusion surgery",
        "Disc problems, sciatica and back pain: what can be done before fusion surgery is considered.",
        "lower-spine",
        "owen-hartwick",
        ("How discs, nerves and joints cause pain", "Which tests help and which do not", "What recovery looks like"),
    ),
    DemoWebinar(
        "neck-pain",
        "Neck pain, discs and pinched nerves",
        "Where neck and arm pain comes from, and what helps.",
        "cervical-spine",
        "owen-hartwick",
        ("When arm pain comes from the neck", "What you can do at home", "Who is a candidate for treatment"),
    ),
    DemoWebinar(
        "shoulder-who-is-a-candidate",
        "Rotator cuff and shoulder arthritis: who is a candidate",
        "Tears, tendinitis and arthritis of the shoulder, and whom treatment may help.",
        "shoulder",
        "priya-venkat",
        ("Which tears may heal", "What imaging can and cannot show", "Questions to bring to an evaluation"),
    ),
    DemoWebinar(
        "thumb-and-wrist",
        "Thumb arthritis and carpal tunnel: what helps",
        "Pain at the base of the thumb, numb fingers, trigger finger.",
        "hand-wrist",
        "priya-venkat",
        ("Splints, exercises, injections", "When to see someone soon", "What treatment can and cannot do"),
    ),
    DemoWebinar(
        "hip-labral-tears-and-arthritis",
        "Hip labral tears and arthritis",
        "Mild, moderate, severe: what can be hoped for, and what cannot be promised.",
        "hip",
        "maria-castellan",
        ("Groin pain and where it comes from", "How severity changes the options", "What cannot be promised"),
    ),
    DemoWebinar(
        "foot-and-ankle",
        "Plantar fasciitis and ankle arthritis",
        "Heel pain, stiff ankles and old sprains.",
        "foot-ankle",
        "maria-castellan",
        ("First steps in the morning", "Shoes, supports, exercises", "What comes next when those do not help"),
    ),
    DemoWebinar(
        "introduction",
        "How cell-based treatments work: an introduction",
        "A general introduction, with time for live questions.",
        None,
        "owen-hartwick",
        ("What these treatments are and are not", "What is known and what is still being studied", "Your questions"),
    ),
)
