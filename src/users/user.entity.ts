import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { Micros } from '../time.js';

/** A user who may log in. This room does not know money. */
@Entity('users', { withoutRowid: true })
@Index('users_staff', ['id'], { where: '"is_staff"' })
@Index('users_ordinal', ['ordinal', 'id'])
export class User {
  @PrimaryColumn({ type: 'varchar', length: 36 })
  id!: string;

  /** As registered, in NFKC. */
  @Column({ type: 'text' })
  username!: string;

  /** The username without regard to case; unique. */
  @Column({ name: 'username_key', type: 'text', unique: true })
  usernameKey!: string;

  @Index('users_email', { where: `"email" <> ''` })
  @Column({ type: 'text' })
  email!: string;

  /** argon2id in PHC format. For a user imported from Django, Django's PBKDF2 until the first login. */
  @Column({ name: 'password_hash', type: 'text' })
  passwordHash!: string;

  @Column({ name: 'is_active', type: 'boolean' })
  isActive!: boolean;

  @Column({ name: 'is_staff', type: 'boolean' })
  isStaff!: boolean;

  @Column({ name: 'created_at', type: 'bigint' })
  createdAt!: Micros;

  /** Numbers users in the order of saving; 0 for users created before this column existed. */
  @Column({ type: 'bigint', default: 0 })
  ordinal!: number;
}
